#include "tests/support/fake_names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace vhookd::testing {
namespace {

struct Names {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::string>> addresses;
  std::set<std::string> slow;
};

Names& names() {
  static auto* const the_names = new Names;  // never freed: a resolver's thread may outlive main
  return *the_names;
}

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int real_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  static const auto real = reinterpret_cast<GetAddrInfo>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, out);
}

int resolve(const std::string& name, const char* service, const addrinfo* hints, addrinfo** out) {
  std::unique_lock lock(names().mutex);
  names().changed.wait(lock, [&] { return !names().slow.contains(name); });
  const auto found = names().addresses.find(name);
  if (found == names().addresses.end()) return EAI_NONAME;
  addrinfo numeric = hints ? *hints : addrinfo{};
  numeric.ai_family = AF_UNSPEC;
  numeric.ai_flags = AI_NUMERICHOST;
  addrinfo** end = out;
  *out = nullptr;
  for (const std::string& address : found->second) {
    if (const int error = real_getaddrinfo(address.c_str(), service, &numeric, end)) return error;
    while (*end) end = &(*end)->ai_next;
  }
  return 0;
}

}  // namespace

void set_addresses(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(names().mutex);
  names().addresses[name] = std::move(addresses);
}

SlowName::SlowName(std::string name) : name_(std::move(name)) {
  const std::lock_guard lock(names().mutex);
  names().slow.insert(name_);
}

SlowName::~SlowName() {
  const std::lock_guard lock(names().mutex);
  names().slow.erase(name_);
  names().changed.notify_all();
}

}  // namespace vhookd::testing

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  const std::string name = node ? node : "";
  if (name.ends_with(".test")) return vhookd::testing::resolve(name, service, hints, out);
  return vhookd::testing::real_getaddrinfo(node, service, hints, out);
}
