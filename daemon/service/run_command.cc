#include "daemon/service/run_command.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <latch>
#include <random>
#include <thread>

#include "config/load.h"
#include "connectors/connector.h"
#include "core/crash_point.h"
#include "core/crypto.h"
#include "daemon/api/api.h"
#include "daemon/api/http_server.h"
#include "daemon/engine/engine.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/log.h"
#include "daemon/service/paths.h"
#include "daemon/service/service_notify.h"
#include "daemon/service/signals.h"
#include "delivery/curl_transport.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

// The longest time that a stop waits for a database that does not answer. Ending earlier loses nothing: everything
// promised is on disk, and the changes of an uncommitted poll are found again.
constexpr auto stop_timeout = std::chrono::seconds(12);

constexpr auto status_spacing = std::chrono::seconds(10);
constexpr auto longest_status_spacing = std::chrono::minutes(5);

double random_share() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

std::vector<std::string> host_names() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return {name.data()};
}

int refuse_state(const Error& error) {
  std::cerr << "vhookd: " << error.message << '\n';
  return exit_code::state_not_usable;
}

int refuse_crash_point(const std::string& reason) {
  std::cerr << "vhookd: VHOOKD_CRASH_AT: " << reason << '\n';
  return exit_code::wrong_usage;
}

// Ends the process immediately on a second signal, or when stop_timeout has passed. Neither is a failure: nothing is
// lost.
class StopGuard {
 public:
  StopGuard() : thread_([this](const std::stop_token& stopped) { watch(stopped); }) {}

 private:
  void watch(const std::stop_token& stopped) {
    const SystemClock clock;
    const Tick end = clock.tick() + stop_timeout;
    while (!stopped.stop_requested()) {
      if (wait_for_signal(milliseconds(50)) == Wake::stop) std::_Exit(exit_code::done);
      if (clock.tick() < end) continue;
      log_event(Level::warn, "stop-cut-short", {{"why", "a database did not answer in time; nothing is lost"}});
      std::_Exit(exit_code::done);
    }
  }
  std::jthread thread_;
};

// What `systemctl status` shows.
std::string summary(Control& control) {
  const auto counts = control.counts();
  if (!counts) return counts.error().messages.front();
  const int healthy = counts->webhooks - counts->paused - counts->unhealthy;
  return std::to_string(counts->webhooks) + (counts->webhooks == 1 ? " webhook: " : " webhooks: ") +
         std::to_string(healthy) + " healthy, " + std::to_string(counts->unhealthy) + " unhealthy, " +
         std::to_string(counts->paused) + " paused; " + std::to_string(counts->queued_pages) +
         (counts->queued_pages == 1 ? " page" : " pages") + " queued";
}

void serve(Engine& engine) {
  Control& control = engine.control();
  notify_ready(summary(control));
  const SystemClock clock;
  Tick next_status = clock.tick() + status_spacing;
  for (;;) {
    const Wake wake = wait_for_signal(std::chrono::seconds(1));
    if (wake == Wake::stop) break;
    if (wake == Wake::reload) {
      notify_reloading();
      const auto report = control.reload();  // logs what it changed
      if (!report)
        for (const auto& error : report.error().messages) log_event(Level::error, "configuration", {{"error", error}});
      notify_ready(report ? summary(control) : "reload rejected; the previous configuration stays active");
    }
    if (control.alive()) notify_alive();
    if (const Tick began = clock.tick(); began >= next_status) {
      notify_status(summary(control));
      // With many webhooks the summary costs more, so it is updated less often: at most a thousandth of the time is
      // spent.
      const Tick ended = clock.tick();
      next_status = ended + std::clamp<Micros>(1000 * (ended - began), status_spacing, longest_status_spacing);
    }
  }
  notify_stopping();
  log_event(Level::info, "stopping", {});
}

void set_up_memory() {
  // Neither core dumps nor other processes of this user may read the memory, which contains every secret.
  ::prctl(PR_SET_DUMPABLE, 0);
  // By default glibc creates a separate heap for most threads, each with its own fragmentation: 7 MiB more with 3,000
  // webhooks, without any benefit.
  ::mallopt(M_ARENA_MAX, 2);
  // Large temporary blocks, such as those of one metrics scrape, are returned to the system immediately. Otherwise
  // glibc raises the first threshold with the first such block and keeps all later ones.
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

}  // namespace

int run_command(const RunOptions& options) {
  const PathOptions paths{.config = options.config, .state = options.state};
  set_up_memory();
  const Env env = process_environment();
  if (const auto where = env("VHOOKD_CRASH_AT"))
    if (auto armed = arm_crash(*where); !armed) return refuse_crash_point(armed.error());
  const std::string path = config_path(paths, env);
  const auto load = [path] { return config::load(path, config::system_secrets()); };
  auto config = load();
  if (!config) {
    for (const auto& error : config.error()) std::cerr << error << '\n';
    return exit_code::configuration;
  }
  if (!options.log_level.empty()) config->log.level = options.log_level;
  open_log(config->log);
  if (const auto where = env("VHOOKD_CRASH_AT")) log_event(Level::warn, "crash-armed", {{"at", *where}});
  block_signals();
  initialise_connectors();

  const SystemClock clock;
  const std::string state = state_folder(paths, config->state, env);
  auto store = open_store(state, clock);
  if (!store) return refuse_state(store.error());
  for (const auto& notice : config->notices) log_event(Level::info, "notice", {{"text", notice}});

  CurlTransport transport(clock, config->limits.deliveries, EgressRules(config->egress), "vhookd/" VHOOKD_VERSION);
  const auto api = config->api;
  const std::size_t webhooks = config->webhooks.size();
  Engine engine({.store = **store,
                 .transport = transport,
                 .clock = clock,
                 .connect = connect,
                 .connect_options = {},
                 .random_id = random_id,
                 .random = random_share,
                 .load = load,
                 .secrets = config::system_secrets()},
                std::move(*config));
  if (options.once) {
    const bool well = engine.run_once([] { return wait_for_signal(milliseconds(0)) == Wake::stop; });
    return well ? exit_code::done : exit_code::failed;
  }

  // Requests wait until the policy is set, which needs the port (api.listen may have port 0), and until the webhooks
  // are loaded: an early request must not be answered that a webhook does not exist.
  ApiPolicy policy;
  std::latch answering(1);
  auto server = HttpServer::start({.listen = api.listen, .socket = socket_path(api.socket, state, env)},
                                  [&](const HttpRequest& request) {
                                    answering.wait();
                                    return answer(request, engine.control(), policy);
                                  });
  if (!server) {
    std::cerr << "vhookd: " << server.error().message << '\n';
    return exit_code::failed;
  }
  auto worked_out = api_policy(api, (*server)->port(), host_names());
  if (!worked_out) {
    answering.count_down();  // the server's destructor waits for its handlers
    std::cerr << "vhookd: " << worked_out.error().message << '\n';
    return exit_code::failed;
  }
  policy = std::move(*worked_out);
  const auto started = engine.start();
  answering.count_down();
  if (!started) return refuse_state(started.error());
  ::malloc_trim(0);  // memory that reading the configuration used
  log_event(Level::info, "started",
            {{"version", VHOOKD_VERSION}, {"webhooks", std::to_string(webhooks)}, {"state", state}, {"config", path}});
  serve(engine);
  const StopGuard guard;
  engine.stop();
  server->reset();
  log_event(Level::info, "stopped", {});
  return exit_code::done;
}

}  // namespace vhookd
