/*
 * An RSA key of 2048 bits by mbedtls, in a task with the priority of the idle task: the engine and the watchdog go on meanwhile.
 * The chip's random numbers are true ones while its radio is on, which it is when a board wants to connect.
 */

#include "xsmc.h"
#include "esp_random.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "mbedtls/pk.h"
#include "mbedtls/platform_util.h"
#include "mbedtls/rsa.h"

#define BITS 2048
#define EXPONENT 65537
/* PKCS #1 in DER takes 1193 bytes. */
#define SIZE 1280
#define STACK 8192

enum { Making, Made, Failed };

typedef struct {
	volatile int state;
	int length;
	unsigned char der[SIZE];
} Key;

static Key *gKey;

static int fill(void *unused, unsigned char *bytes, size_t length)
{
	esp_fill_random(bytes, length);
	return 0;
}

static void make(void *argument)
{
	Key *key = argument;
	mbedtls_pk_context pair;

	mbedtls_pk_init(&pair);
	if ((0 == mbedtls_pk_setup(&pair, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)))
			&& (0 == mbedtls_rsa_gen_key(mbedtls_pk_rsa(pair), fill, NULL, BITS, EXPONENT)))
		key->length = mbedtls_pk_write_key_der(&pair, key->der, SIZE);
	mbedtls_pk_free(&pair);
	key->state = (key->length > 0) ? Made : Failed;
	vTaskDelete(NULL);
}

void xs_glowworm_key(xsMachine *the)
{
	int state;

	if (!gKey) {
		gKey = calloc(1, sizeof(Key));
		if (!gKey)
			xsUnknownError("no memory for a key");
		gKey->state = Making;
		if (pdPASS != xTaskCreate(make, "key", STACK, gKey, tskIDLE_PRIORITY, NULL))
			gKey->state = Failed;
	}
	state = gKey->state;
	if (Making == state)
		return;
	/* mbedtls writes at the end of the buffer. */
	if (Made == state)
		xsmcSetArrayBuffer(xsResult, gKey->der + SIZE - gKey->length, gKey->length);
	mbedtls_platform_zeroize(gKey, sizeof(Key));
	free(gKey);
	gKey = NULL;
	if (Failed == state)
		xsUnknownError("mbedtls makes no key");
}
