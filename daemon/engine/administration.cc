#include "daemon/engine/administration.h"

#include <algorithm>

#include "daemon/engine/refusals.h"
#include "daemon/explain/explanation.h"
#include "daemon/explain/explanation_print.h"
#include "daemon/output/log.h"
#include "delivery/egress.h"

namespace vhookd {

namespace {

constexpr auto trigger_patience = std::chrono::minutes(10);

}  // namespace

Answer<std::size_t> Administration::each(std::size_t from, std::size_t most, const Visit& visit) {
  return parts_.reports.each(from, most, visit);
}

Answer<Counts> Administration::counts() {
  return parts_.reports.counts();
}

Answer<WebhookStatus> Administration::get(const std::string& id) {
  return parts_.reports.get(id);
}

Answer<Run> Administration::trigger(const std::string& id) {
  const auto registered = context_.registry.find(id);
  if (!registered) return unknown_webhook(id);
  if (registered->paused()) return refuse(Refusal::Why::conflict, id + " is paused; resume it first");
  if (!registered->invalid.empty()) return refuse(Refusal::Why::conflict, id + " can't run: " + registered->invalid);
  const auto run = parts_.polls.poll_now(id, trigger_patience);
  if (run) return *run;
  switch (run.error()) {
    case PollLoop::NoRun::not_polled:
      return refuse(Refusal::Why::conflict, id + " is paused; resume it first");
    case PollLoop::NoRun::too_late:
      return refuse(Refusal::Why::failed, "the poll of " + id + " has not ended yet; see `vhookd runs " + id + "`");
    case PollLoop::NoRun::cancelled:
      return refuse(Refusal::Why::failed, "the daemon is stopping or " + id + " was removed");
  }
  return unknown_webhook(id);
}

Answer<WebhookStatus> Administration::pause(const std::string& id) {
  return parts_.changes.set_paused(id, true);
}

Answer<WebhookStatus> Administration::resume(const std::string& id) {
  return parts_.changes.set_paused(id, false);
}

Answer<WebhookStatus> Administration::create(const std::string& body, std::optional<bool> include_all) {
  return parts_.changes.create(body, include_all);
}

Answer<WebhookStatus> Administration::change(const std::string& id, const std::string& body) {
  return parts_.changes.change(id, body);
}

Answer<WebhookStatus> Administration::remove(const std::string& id) {
  return parts_.changes.remove(id);
}

Answer<ReloadReport> Administration::reload() {
  return parts_.changes.reload();
}

Answer<std::vector<DeadPage>> Administration::dead(const std::string& id) {
  if (!context_.registry.contains(id)) return unknown_webhook(id);
  auto pages = context_.store.outbox().dead(id);
  if (!pages) return failed(pages.error());
  return std::move(*pages);
}

Answer<Selected> Administration::replay(const std::string& id, const ReplayRange& range, const ReplayTo& to) {
  if (!context_.registry.contains(id)) return unknown_webhook(id);
  if (!to.by_operator)
    if (const auto why = EgressRules(context_.registry.config().egress).refusal_of_literal(to.url))
      return refuse(Refusal::Why::invalid, "url: " + *why);
  const auto selected = context_.store.replays().request(id, range, to.url);
  if (!selected) return failed(selected.error());
  if (selected->revived + selected->queued + selected->waiting == 0) return *selected;
  log_event(Level::info, "replay-asked",
            {{"webhook", id},
             {"revived", std::to_string(selected->revived)},
             {"queued", std::to_string(selected->queued)},
             {"elsewhere", to.url.empty() ? "false" : "true"}});
  (void)context_.registry.refresh(id);  // fewer dead pages may hold back what follows them
  parts_.deliveries.notify(id);
  return *selected;
}

Answer<DeadPage> Administration::drop_dead(const std::string& id, const std::string& page) {
  const auto pages = dead(id);
  if (!pages) return std::unexpected(pages.error());
  const auto at = std::ranges::find(*pages, page, [](const DeadPage& dead) { return dead.page.id; });
  if (at == pages->end()) return refuse(Refusal::Why::not_found, id + " has no dead page " + page);
  if (auto dropped = context_.store.outbox().drop_dead(id, page); !dropped) return failed(dropped.error());
  log_event(Level::warn, "dead-dropped",
            {{"webhook", id}, {"sequence", std::to_string(at->page.sequence)}, {"page", page}});
  parts_.recorder.dead_changed(id);
  parts_.deliveries.notify(id);
  return *at;
}

Answer<std::string> Administration::explain(const std::string& id, bool json) {
  const auto registered = context_.registry.find(id);
  if (!registered) return unknown_webhook(id);
  if (!registered->invalid.empty()) return refuse(Refusal::Why::conflict, registered->invalid);
  // A session of its own: those that polls keep must not be held up, nor be left in an odd state.
  auto session = parts_.connect(registered->webhook->database, parts_.connect_options);
  if (!session) return failed(session.error());
  const auto explanation = vhookd::explain(
      *registered->webhook, {.source = **session, .now = context_.clock.now(), .random_id = parts_.random_id});
  if (!explanation) return failed(explanation.error());
  return json ? explanation_json(**explanation) : explanation_text(**explanation);
}

std::vector<std::string> Administration::not_ready() {
  if (!parts_.changes.started()) return {"starting"};
  if (const auto read = context_.store.outbox().pages(); !read) return {read.error().message};
  return parts_.reports.unhealthy();
}

bool Administration::alive() {
  // The delivery loop takes a turn at least once a second; a store that answers slowly may hold it up for a while. A
  // poll worker gets on with each question to a database, and those end with ConnectOptions::statement_timeout; one
  // that has nothing to do looks up once a minute. So all of them standing still for twice that long is no slow
  // database.
  const Tick now = context_.clock.tick();
  return !parts_.polls.stopping() && now - parts_.deliveries.last_turn() < std::chrono::minutes(1) &&
         now - parts_.polls.last_step() < 2 * parts_.connect_options.statement_timeout;
}

Answer<Pieces> Administration::metrics() {
  return parts_.reports.metrics();
}

}  // namespace vhookd
