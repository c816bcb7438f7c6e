/* The smallest init that a benchmark needs: tells when it began, powers off when asked. `tick true` just ends. */
#include <signal.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct timespec ts;
	sigset_t set;
	char line[64];
	int len, sig;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (argc > 1)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	len = snprintf(line, sizeof line, "tick %lld.%09ld\n", (long long)ts.tv_sec, ts.tv_nsec);
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		return 1;
	while (sigwait(&set, &sig) == 0)
		reboot(sig == SIGTERM ? RB_AUTOBOOT : RB_POWER_OFF);
	return 1;
}
