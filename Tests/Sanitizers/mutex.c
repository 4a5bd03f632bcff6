/* ThreadSanitizer sees a lock of Swift's Synchronization.Mutex that is free: that part of it is inlined. It does not see one that
   has to wait, since libswiftSynchronization is not instrumented, and would report whatever the lock guards as a race. Preloaded,
   these stand before the functions of the library and tell it (tsan_interface.h). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define METHOD __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* Missing in the programs that the tests start. */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

METHOD void mutex_lock(uint32_t thread, SELF) __asm__(LOCK);
METHOD bool mutex_try_lock(SELF) __asm__(TRY_LOCK);
METHOD void mutex_unlock(SELF) __asm__(UNLOCK);

METHOD void mutex_lock(uint32_t thread, SELF) {
    METHOD void (*lock)(uint32_t, SELF) = dlsym(RTLD_NEXT, LOCK);
    lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

METHOD bool mutex_try_lock(SELF) {
    METHOD bool (*try_lock)(SELF) = dlsym(RTLD_NEXT, TRY_LOCK);
    bool is_locked = try_lock(self);
    if (is_locked && __tsan_acquire) __tsan_acquire(self);
    return is_locked;
}

METHOD void mutex_unlock(SELF) {
    METHOD void (*unlock)(SELF) = dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(self);
    unlock(self);
}
