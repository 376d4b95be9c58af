/* A plugin for QEMU's user mode that counts the instructions a program executes
 * and says so at its end:
 *
 *     gcc -O2 -shared -fPIC -o icount.so icount.c
 *     qemu-arm -plugin ./icount.so -d plugin PROGRAM
 *
 * A count does not depend on what else the machine does. It says nothing of caches
 * and mispredictions. Plugin API version 1, QEMU 4.2 to 8; what it needs of it is
 * declared here, since Debian's packages have no header.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t plugin_id;
struct block; /* of translated instructions */
struct info;

size_t qemu_plugin_tb_n_insns(const struct block *);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*)(unsigned cpu, void *data), int flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *data);
void qemu_plugin_outs(const char *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t executed;

static void run(unsigned cpu, void *instructions)
{
	(void)cpu;
	__atomic_fetch_add(&executed, (uintptr_t)instructions, __ATOMIC_RELAXED);
}

static void translated(plugin_id id, struct block *b)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(b, run, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(b));
}

static void ended(plugin_id id, void *data)
{
	char line[64];
	(void)id;
	(void)data;
	snprintf(line, sizeof line, "instructions: %llu\n", (unsigned long long)executed);
	qemu_plugin_outs(line);
}

EXPORT int qemu_plugin_install(plugin_id id, const struct info *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
