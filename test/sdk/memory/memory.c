/*
 * The simulator's engine with the memory of a microcontroller: chunks grow from one end of a block of MEMORY bytes and slots from the other, as
 * Moddable's host for microcontrollers has it where `creation` has a `static`, and what does not fit ends the machine. Counted
 * as on a 32-bit chip: a slot has 16 bytes; the header of a chunk 8, not 16, and an element of an array 16, not 32. Time goes by
 * SPEED times as fast. The linker puts these functions in the place of the engine's own, and of the system's (--wrap).
 */

#include "xsAll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define SLOT 16
/* Of chunks that are not made yet: mostly short texts. */
#define SMALL(BYTES) ((BYTES) / 8 * 7)
#define REGION (1 << 20)

extern txSlot* __real_fxAllocateSlots(txMachine* the, txSize count);
extern int __real_gettimeofday(struct timeval* time, void* zone);
extern unsigned int __real_g_timeout_add(unsigned int interval, void* function, void* data);

static txByte* gRegion = NULL;
static int gSlots = 0;
/* Bytes of chunks, and of what was asked for beyond them: as of the last growth. */
static int gChunks = 0;
static int gSize = REGION;
static int gLeast = REGION;
static txSlot* gStack = NULL;
static int gStackCount = 0;

static int speed(void)
{
	static int result = 0;

	if (!result) {
		const char* text = getenv("SPEED");
		result = text ? atoi(text) : 1;
	}
	return result;
}

int __wrap_gettimeofday(struct timeval* time, void* zone)
{
	static long long start = 0;
	long long now;

	__real_gettimeofday(time, zone);
	now = time->tv_sec * 1000000LL + time->tv_usec;
	if (!start)
		start = now;
	now = start + (now - start) * speed();
	time->tv_sec = now / 1000000;
	time->tv_usec = now % 1000000;
	return 0;
}

unsigned int __wrap_g_timeout_add(unsigned int interval, void* function, void* data)
{
	return __real_g_timeout_add(interval / speed(), function, data);
}

/* Slots of the stack that were ever in use: it is filled before, and grows downward. What a regular expression keeps at its
   bottom while it matches (xsre.c) is not counted: the depth is what is above the longest stretch still filled. */
static int stackDepth(void)
{
	int at, stretch = 0, longest = 0, depth = gStackCount;
	for (at = 0; at < gStackCount; at++) {
		if (((txU1)gStack[at].kind != 0xA5) || ((txU1)gStack[at].flag != 0xA5))
			stretch = 0;
		else if (++stretch > longest) {
			longest = stretch;
			depth = gStackCount - 1 - at;
		}
	}
	return depth;
}

static int inRegion(void* address)
{
	return ((txByte*)address >= gRegion) && ((txByte*)address < gRegion + REGION);
}

/* Items that an array has room for: its length says the greatest index, and there may be few below it. */
static int items(void* address)
{
	txChunk* chunk = (txChunk*)((txByte*)address - sizeof(txChunk));
	return (int)((chunk->size - sizeof(txChunk)) / sizeof(txSlot));
}

/* Bytes of chunks that are in use, after a compaction, with headers and arrays as long as on a 32-bit chip. */
static int usedChunks(txMachine* the)
{
	int result = 0;
	txBlock* block;
	txSlot* heap;

	for (block = the->firstBlock; block; block = block->nextBlock) {
		txByte* chunk = (txByte*)block + sizeof(txBlock);
		while ((chunk < block->current) && (((txChunk*)chunk)->size > 0)) {
			result += ((txChunk*)chunk)->size - 8;
			chunk += ((txChunk*)chunk)->size;
		}
	}
	for (heap = the->firstHeap; heap; heap = heap->next) {
		txSlot* slot = heap + 1;
		for (; slot < heap->value.reference; slot++) {
			if ((slot->kind == XS_ARRAY_KIND) && inRegion(slot->value.array.address))
				result -= items(slot->value.array.address) * 16;
			else if (((slot->kind == XS_MAP_KIND) || (slot->kind == XS_SET_KIND)) && slot->value.table.address)
				result -= slot->value.table.length * 4;
		}
	}
	return result;
}

static int left(void)
{
	int result = gSize - gSlots * SLOT - gChunks;
	if (result < gLeast)
		gLeast = result;
	return result;
}

/* The engine has compacted just before, and found no room for what it wants. */
void* __wrap_fxAllocateChunks(txMachine* the, txSize size)
{
	txBlock* block = the->firstBlock;
	txSize wanted = size - (txSize)sizeof(txBlock);
	txSize lacking;
	int chunks;

	if (NULL == block) {
		const char* memory = getenv("MEMORY");
		if (memory)
			gSize = gLeast = atoi(memory);
		gRegion = malloc(REGION);
		gChunks = SMALL(wanted);
		return gRegion;
	}
	/* `size` is what is wanted and the header of a block of its own, which it does not become. */
	lacking = wanted - (txSize)(block->limit - block->current);
	chunks = usedChunks(the) + SMALL(wanted);
	if (gSize - gSlots * SLOT < chunks)
		return NULL;
	if (gChunks < chunks)
		gChunks = chunks;
	left();
	/* The caller adds `size` to both. */
	block->limit += lacking - size;
	the->maximumChunksSize += lacking - size;
	return block->limit;
}

void __wrap_fxFreeChunks(txMachine* the, void* chunks)
{
	free(chunks);
}

txSlot* __wrap_fxAllocateSlots(txMachine* the, txSize count)
{
	txBlock* block = the->firstBlock;

	if ((left() < count * SLOT) && block) {
		fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
		the->maximumChunksSize -= block->limit - block->current;
		block->limit = block->current;
		gChunks = usedChunks(the);
	}
	if (left() < count * SLOT)
		return NULL;
	gSlots += count;
	left();
	if (gStack)
		return __real_fxAllocateSlots(the, count);
	gStack = __real_fxAllocateSlots(the, count);
	gStackCount = count;
	memset(gStack, 0xA5, count * sizeof(txSlot));
	return gStack;
}

/* Least bytes left so far, slots (the stack's too) and bytes of chunks at their largest, keys made at run time, slots of stack at its deepest. */
void xs_memory(txMachine* the)
{
	char text[128];

	snprintf(text, sizeof(text), "%d %d %d %d %d", gLeast, gSlots, gChunks, (int)(the->keyIndex - the->keyOffset), stackDepth());
	fxString(the, mxResult, text);
}

/* Slots and bytes of chunks that are in use, and slots of stack at its deepest. */
void xs_memory_used(txMachine* the)
{
	char text[128];

	/* Twice: a closure's copy of a linked variable is born marked, and outlives one collection. */
	fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
	fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
	snprintf(text, sizeof(text), "%d %d %d", (int)the->currentHeapCount, usedChunks(the), stackDepth());
	fxString(the, mxResult, text);
}
