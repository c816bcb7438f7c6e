/* A job that ended without a word was killed: what it may have left is removed, or another does its work. */
#include "daemon/engine/repair.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/engine/task.h"
#include "daemon/util/log.h"

static const struct {
	enum msg_type type;
	enum msg_type job;
	bool again; /* forward: the repair's end is the operation's; else it only removes, and the operation has failed */
} repairs[] = {
	{ REQUEST_CREATE, REQUEST_DELETE, false },
	{ REQUEST_DELETE, REQUEST_DELETE, true },
	/* Of a build's name there is no version, so that this sweeps and no more. */
	{ REQUEST_TEMPLATE_BUILD, REQUEST_TEMPLATE_DELETE, false },
	{ REQUEST_TEMPLATE_DELETE, REQUEST_TEMPLATE_DELETE, true },
};

bool
repair_begin(struct task *task)
{
	struct err e = { 0 };
	size_t i = 0;

	while (i < sizeof repairs / sizeof *repairs && repairs[i].type != task->type)
		i++;
	if (i == sizeof repairs / sizeof *repairs || task->undoing || task->again)
		return false;
	task->undoing = !repairs[i].again;
	task->again = repairs[i].again;
	task->finished = false;
	if (task_spawn_job(task, repairs[i].job, &e) == 0)
		return true;
	log_err(&e, "clean up after a job that was killed");
	return false;
}

/* A build may have been killed just after its last step: what is there is told. */
void
repair_end(struct task *task)
{
	struct engine *engine = task->engine;
	struct template_entry *t;
	struct err e = { 0 };

	if (task->type != REQUEST_TEMPLATE_BUILD)
		return;
	if (registry_load_templates(&engine->registry, &e) < 0)
		log_err(&e, "look for templates");
	LIST_FOREACH(t, &engine->registry.templates, link)
	link_send(engine, REPLY_TEMPLATE, &t->template);
}
