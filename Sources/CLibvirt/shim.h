#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/// Registers a callback for the lifecycle of every domain: the macro that libvirt has for this cast does not reach Swift.
static inline int cocagneOnLifecycle(virConnectPtr connection, virConnectDomainEventCallback callback, void *context, virFreeCallback release) {
  return virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(callback), context, release);
}
