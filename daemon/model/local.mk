libberthapi_a_SOURCES += \
	daemon/model/address.c daemon/model/address.h \
	daemon/model/allowance.c daemon/model/allowance.h \
	daemon/model/audit.c daemon/model/audit.h \
	daemon/model/boot.c daemon/model/boot.h \
	daemon/model/capacity.c daemon/model/capacity.h \
	daemon/model/container.c daemon/model/container.h \
	daemon/model/container_observe.c daemon/model/container_observe.h \
	daemon/model/container_state.c daemon/model/container_state.h \
	daemon/model/ip_pool.c daemon/model/ip_pool.h \
	daemon/model/journal.c daemon/model/journal.h \
	daemon/model/meter.c daemon/model/meter.h \
	daemon/model/model.c daemon/model/model.h \
	daemon/model/network.c daemon/model/network.h \
	daemon/model/nics.c daemon/model/nics.h \
	daemon/model/plan.c \
	daemon/model/policy.c daemon/model/policy.h \
	daemon/model/operation.c daemon/model/operation.h \
	daemon/model/operation_end.c \
	daemon/model/rebuild.c daemon/model/rebuild.h \
	daemon/model/reconcile.c \
	daemon/model/template.c daemon/model/template.h \
	daemon/model/tenant.c daemon/model/tenant.h \
	daemon/model/token.c daemon/model/token.h \
	daemon/model/webhook.c daemon/model/webhook.h \
	daemon/model/who.c daemon/model/who.h
