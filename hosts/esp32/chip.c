/* The chip's number, and its own thermometer. The first ESP32 has none that ESP-IDF supports: its reading is undefined. */

#include "xsmc.h"
#include "esp_mac.h"
#include "soc/soc_caps.h"

/* Its MAC address, as it was burnt in. */
void xs_glowworm_serial(xsMachine *the)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t address[6];
	char text[13];
	int i;

	if (ESP_OK != esp_efuse_mac_get_default(address))
		return;
	for (i = 0; i < 6; i++) {
		text[2 * i] = digits[address[i] >> 4];
		text[2 * i + 1] = digits[address[i] & 15];
	}
	text[12] = 0;
	xsmcSetString(xsResult, text);
}

#if SOC_TEMP_SENSOR_SUPPORTED

/* The SDK gives the compiler a fixed list of folders: not this driver's, but the one that holds all components. */
#include "esp_driver_tsens/include/driver/temperature_sensor.h"

static temperature_sensor_handle_t gSensor;

void xs_glowworm_temperature(xsMachine *the)
{
	float celsius;

	if (!gSensor) {
		temperature_sensor_config_t config = TEMPERATURE_SENSOR_CONFIG_DEFAULT(-10, 80);
		if (ESP_OK != temperature_sensor_install(&config, &gSensor)) {
			gSensor = NULL;
			xsUnknownError("chip-temperature: no sensor");
		}
		if (ESP_OK != temperature_sensor_enable(gSensor)) {
			temperature_sensor_uninstall(gSensor);
			gSensor = NULL;
			xsUnknownError("chip-temperature: cannot be enabled");
		}
	}
	if (ESP_OK != temperature_sensor_get_celsius(gSensor, &celsius))
		xsUnknownError("chip-temperature: no reading");
	xsmcSetNumber(xsResult, celsius);
}

#else

void xs_glowworm_temperature(xsMachine *the)
{
}

#endif
