/* What cppcheck can't see: macros of system headers, in their simplest form. It knows no cleanup attributes either, so leaks are ASan's. */
#define LIST_FOREACH(var, head, field) for ((var) = (head)->lh_first; (var); (var) = (var)->field.le_next)
#define LIST_HEAD(name, type) struct name { struct type *lh_first; }
#define LIST_ENTRY(type) struct { struct type *le_next; struct type **le_prev; }
#define TAILQ_HEAD(name, type) struct name { struct type *tqh_first; struct type **tqh_last; }
#define TAILQ_ENTRY(type) struct { struct type *tqe_next; struct type **tqe_prev; }
#define TAILQ_FOREACH(var, head, field) for ((var) = (head)->tqh_first; (var); (var) = (var)->field.tqe_next)
#define STAILQ_HEAD(name, type) struct name { struct type *stqh_first; struct type **stqh_last; }
#define STAILQ_ENTRY(type) struct { struct type *stqe_next; }
#define json_object_object_foreach(obj, key, val)                                                                                  \
	char *key;                                                                                                                 \
	struct json_object *val;                                                                                                   \
	for (struct lh_entry *entry = first(obj, &key, &val); entry; entry = next(entry, &key, &val))
