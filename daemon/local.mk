include daemon/engine/local.mk
include daemon/api/local.mk
