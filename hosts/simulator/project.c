/* Which project this is: the name that mcconfig gives it (C_FLAGS in the manifest). */

#include "xsmc.h"

#define TEXT(name) #name
#define VALUE(name) TEXT(name)

void xs_glowworm_project(xsMachine *the)
{
#ifdef GLOWWORM_PROJECT
	xsmcSetString(xsResult, VALUE(GLOWWORM_PROJECT));
#endif
}
