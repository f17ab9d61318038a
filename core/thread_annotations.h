// Clang's thread-safety annotations: which mutex guards what, checked at compile time (-Wthread-safety). Other
// compilers ignore them. Use them with core/mutex.h: std::mutex carries none.
#pragma once

#if defined(__clang__)
#define VHOOKD_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define VHOOKD_THREAD_ANNOTATION(x)
#endif

// On a class whose objects are locks, and on one whose objects hold a lock for as long as they live.
#define CAPABILITY(name) VHOOKD_THREAD_ANNOTATION(capability(name))
#define SCOPED_CAPABILITY VHOOKD_THREAD_ANNOTATION(scoped_lockable)

// On data: may be read and written only while the mutex is held.
#define GUARDED_BY(mutex) VHOOKD_THREAD_ANNOTATION(guarded_by(mutex))

// On functions: the caller holds the mutex; the caller does not hold it; the function takes it; releases it; hands out
// a reference to it.
#define REQUIRES(...) VHOOKD_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) VHOOKD_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) VHOOKD_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) VHOOKD_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define RETURN_CAPABILITY(mutex) VHOOKD_THREAD_ANNOTATION(lock_returned(mutex))

// On functions inside a lock's implementation, where the analysis can't follow.
#define NO_THREAD_SAFETY_ANALYSIS VHOOKD_THREAD_ANNOTATION(no_thread_safety_analysis)
