#include "daemon/engine/monitor.h"

int
main(void)
{
	return 1;
}
