/* Which project this is: the name that mcconfig gives it (C_FLAGS in the manifest). And random numbers to start those of the SDK with. */

#include "xsmc.h"
#include <stdio.h>

#define TEXT(name) #name
#define VALUE(name) TEXT(name)

void xs_glowworm_project(xsMachine *the)
{
#ifdef GLOWWORM_PROJECT
	xsmcSetString(xsResult, VALUE(GLOWWORM_PROJECT));
#endif
}

void xs_glowworm_seed(xsMachine *the)
{
	unsigned char bytes[32];
	FILE *file = fopen("/dev/urandom", "rb");
	size_t count;

	if (!file)
		return;
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (sizeof(bytes) == count)
		xsmcSetArrayBuffer(xsResult, bytes, sizeof(bytes));
}
