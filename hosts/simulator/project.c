/* Which project this is: the folder that mcconfig put the application into, as the system's loader knows it. */

#define _GNU_SOURCE
#include "xsmc.h"

#if mxLinux || mxMacOSX

#include <dlfcn.h>

void xs_glowworm_project(xsMachine *the)
{
	Dl_info info;

	if (dladdr((void *)xs_glowworm_project, &info) && info.dli_fname)
		xsmcSetString(xsResult, (char *)info.dli_fname);
}

#else

void xs_glowworm_project(xsMachine *the)
{
}

#endif
