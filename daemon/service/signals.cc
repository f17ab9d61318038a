#include "daemon/service/signals.h"

#include <csignal>
#include <ctime>

namespace vhookd {

namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the file size limit then fails as on a full disk
}

Wake wait_for_signal(std::chrono::milliseconds timeout) {
  const sigset_t set = handled();
  const timespec time = {.tv_sec = timeout.count() / 1000, .tv_nsec = timeout.count() % 1000 * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  if (signal == SIGHUP) return Wake::reload;
  return signal > 0 ? Wake::stop : Wake::timeout;
}

}  // namespace vhookd
