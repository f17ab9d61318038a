#include "daemon/engine/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "daemon/output/log.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

// A quarter of the places for one endpoint, half of them for all that are slow together.
DeliveryLoop::Bounds bounds_for(int deliveries) {
  return {.per_endpoint = std::max(1, deliveries / 4), .slowed = std::max(1, deliveries / 2)};
}

}  // namespace

Engine::Engine(const Parts& parts, config::Config config)
    : single_threaded_(parts.single_threaded),
      store_(parts.store),
      transport_(parts.transport),
      clock_(parts.clock),
      webhooks_(std::exchange(config.webhooks, {})),
      registry_(parts.store.records(), config),
      health_(parts.store.records()),
      context_{
          .store = parts.store, .clock = parts.clock, .registry = registry_, .health = health_, .metrics = metrics_},
      polls_(context_, deliveries_,
             {.polls = parts.store.polls(),
              .clock = parts.clock,
              .connect = parts.connect,
              .connect_options = parts.connect_options,
              .poller = {.random_id = parts.random_id,
                         .commit_concurrently = !parts.single_threaded,
                         .sizes = parts.sizes}},
             config.limits.polls),
      recorder_(context_, polls_),
      deliveries_(
          parts.store, parts.transport, parts.clock, recorder_,
          {.bounds = bounds_for(config.limits.deliveries), .random = parts.random, .random_id = parts.random_id}),
      reports_(context_, polls_, recorder_),
      changes_(context_, {.polls = polls_,
                          .deliveries = deliveries_,
                          .recorder = recorder_,
                          .reports = reports_,
                          .transport = parts.transport,
                          .load = parts.load,
                          .secrets = parts.secrets}),
      administration_(context_, {.polls = polls_,
                                 .deliveries = deliveries_,
                                 .recorder = recorder_,
                                 .reports = reports_,
                                 .changes = changes_,
                                 .connect = parts.connect,
                                 .connect_options = parts.connect_options,
                                 .random_id = parts.random_id}) {}

Engine::~Engine() {
  if (!single_threaded_) stop();
}

Result<void> Engine::prepare() {
  if (auto started = changes_.start(std::exchange(webhooks_, {})); !started) return started;
  polls_.made_progress();
  const auto queued = store_.outbox().with_queue();
  if (!queued) return std::unexpected(queued.error());
  for (const auto& id : *queued) deliveries_.notify(id);
  const auto replays = store_.replays().ids();
  if (!replays) return std::unexpected(replays.error());
  for (const auto& id : *replays) deliveries_.notify(id);
  return {};
}

void Engine::start_threads(int polls) {
  for (int i = 0; i < polls; ++i) workers_.emplace_back([this] { polls_.run(); });
  delivery_ = std::thread([this] { deliveries_.run(stopping_); });
}

Result<void> Engine::start() {
  if (auto prepared = prepare(); !prepared) return prepared;
  if (!single_threaded_) start_threads(registry_.limits().polls);
  return {};
}

void Engine::stop() {
  if (stopping_.exchange(true)) return;
  polls_.stop();
  transport_.wake();
  for (auto& worker : workers_) worker.join();
  polls_.save_checks();
  if (delivery_.joinable()) delivery_.join();
}

bool Engine::run_once(const std::function<bool()>& interrupted) {
  assert(!single_threaded_);
  polls_.poll_each_once();
  recorder_.send_each_once();
  if (auto prepared = prepare(); !prepared) {
    log_event(Level::error, "state-failed", {{"error", prepared.error().message}});
    return false;
  }
  start_threads(std::min(registry_.limits().polls, std::max(1, static_cast<int>(registry_.size()))));
  const auto done = [this] { return polls_.each_was_polled() && deliveries_.idle(); };
  while (!done() && !interrupted()) polls_.wait_for_end(milliseconds(50));
  const bool all = done();
  stop();
  return all && !polls_.any_failed() && !recorder_.any_failed();
}

Engine::Step Engine::step() {
  assert(single_threaded_ && changes_.started());
  Step step{.poll = polls_.step(), .next = std::nullopt};
  delivery_step();
  step.next = polls_.next_due();
  if (const auto next = deliveries_.next_due()) step.next = std::min(*next, step.next.value_or(*next));
  return step;
}

void Engine::delivery_step() {
  assert(single_threaded_);
  deliveries_.turn(milliseconds(0));
}

}  // namespace vhookd
