#include "delivery/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <unordered_map>

#include "core/guarded.h"
#include "delivery/exchange.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

// libcurl's multi functions fail only if memory runs out or they are misused.
void check(CURLMcode code) {
  if (code == CURLM_OK) return;
  std::fprintf(stderr, "libcurl: %s\n", curl_multi_strerror(code));
  std::abort();
}

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

struct FreeShare {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};

// libcurl counts the initialisations: the last cleanup frees its resources.
struct Curl {
  Curl() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) std::abort();
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() { curl_global_cleanup(); }
};

}  // namespace

struct CurlTransport::Loop {
  Loop(const Clock& its_clock, int most, EgressRules its_rules, std::string agent);
  ~Loop() { abort_all(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void reap();
  void abort_all();
  void retire(std::unique_ptr<Exchange> exchange);

  const Curl curl;
  const Clock& clock;
  const int deliveries;
  EgressRules rules;  // only used by the waiting thread
  Guarded<std::optional<EgressRules>> new_rules;
  const std::string user_agent;
  // Shares TLS sessions, so that a new connection can resume the session of any handle. One thread: no locks.
  std::unique_ptr<CURLSH, FreeShare> share{curl_share_init()};
  std::unique_ptr<CURLM, FreeMulti> multi{curl_multi_init()};
  std::unordered_map<CURL*, std::unique_ptr<Exchange>> active;
  std::vector<std::unique_ptr<Exchange>> idle;  // handles keep their buffers; a new one costs 20 µs
  std::vector<Outcome> ready;
  std::atomic<bool> woken{false};
};

CurlTransport::Loop::Loop(const Clock& its_clock, int most, EgressRules its_rules, std::string agent)
    : clock(its_clock), deliveries(most), rules(std::move(its_rules)), user_agent(std::move(agent)) {
  if (!multi || !share) std::abort();  // out of memory
  if (curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) std::abort();
  // Keep as many idle connections as can be in use. The limit per host is the total limit on purpose: libcurl counts
  // the time that a request waits for a connection against its timeout, so a lower limit would fail requests to a busy,
  // healthy host. The caller of start() distributes requests among hosts.
  check(curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 2L * deliveries));
  check(curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, 2L * deliveries));
  check(curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, 2L * deliveries));
  check(curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING)));
}

void CurlTransport::Loop::reap() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // remove_handle invalidates the message
    auto node = active.extract(message->easy_handle);
    check(curl_multi_remove_handle(multi.get(), node.key()));
    ready.push_back(node.mapped()->outcome(code));
    retire(std::move(node.mapped()));
  }
}

void CurlTransport::Loop::abort_all() {
  reap();  // completed requests keep their outcome
  for (auto& [easy, exchange] : active) {
    check(curl_multi_remove_handle(multi.get(), easy));
    ready.push_back(exchange->aborted());
    retire(std::move(exchange));
  }
  active.clear();
}

void CurlTransport::Loop::retire(std::unique_ptr<Exchange> exchange) {
  exchange->reset();
  idle.push_back(std::move(exchange));
}

CurlTransport::CurlTransport(const Clock& clock, int deliveries, EgressRules rules, std::string user_agent)
    : loop_(std::make_unique<Loop>(clock, std::max(deliveries, 1), std::move(rules), std::move(user_agent))) {}

CurlTransport::~CurlTransport() = default;

int CurlTransport::capacity() const {
  return std::max(0, loop_->deliveries - static_cast<int>(loop_->active.size()));
}

void CurlTransport::start(Request request) {
  if (auto rules = loop_->new_rules.with([](auto& given) { return std::exchange(given, std::nullopt); }))
    loop_->rules = std::move(*rules);
  std::unique_ptr<Exchange> exchange;
  if (loop_->idle.empty()) {
    exchange = std::make_unique<Exchange>(loop_->share.get());
  } else {
    exchange = std::move(loop_->idle.back());
    loop_->idle.pop_back();
  }
  const std::uint64_t ticket = request.ticket;
  if (auto wrong = exchange->prepare(std::move(request), loop_->rules, loop_->user_agent)) {
    loop_->ready.push_back({ticket, Unanswered{Unanswered::Why::broken, false, std::move(*wrong)}, {}});
    loop_->retire(std::move(exchange));
    return;
  }
  CURL* easy = exchange->handle();
  loop_->active.emplace(easy, std::move(exchange));
  check(curl_multi_add_handle(loop_->multi.get(), easy));
}

std::vector<Outcome> CurlTransport::wait(milliseconds timeout) {
  const Tick until = loop_->clock.tick() + std::clamp(timeout, milliseconds(0), milliseconds(std::chrono::hours(24)));
  CURLM* multi = loop_->multi.get();
  for (;;) {
    int running = 0;
    check(curl_multi_perform(multi, &running));
    loop_->reap();
    const bool woken = loop_->woken.exchange(false);
    if (woken || !loop_->ready.empty()) return std::exchange(loop_->ready, {});
    const auto left = std::chrono::ceil<milliseconds>(until - loop_->clock.tick());
    if (left <= milliseconds(0)) return {};
    check(curl_multi_poll(multi, nullptr, 0, static_cast<int>(left.count()), nullptr));
  }
}

void CurlTransport::wake() {
  loop_->woken = true;
  check(curl_multi_wakeup(loop_->multi.get()));
}

void CurlTransport::abort_all() {
  loop_->abort_all();
}

void CurlTransport::set_egress(const config::Egress& egress) {
  loop_->new_rules.with([&](auto& given) { given = EgressRules(egress); });
}

}  // namespace vhookd
