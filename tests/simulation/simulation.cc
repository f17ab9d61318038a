#include "tests/simulation/simulation.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace vhookd::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int steps = 160;
constexpr int often = 3000;  // of a million: how likely a death is
constexpr int seldom = 30;
constexpr int server_seconds = 40;  // pass while one passes here, so that full sweeps are due now and then

config::Webhook webhook_of(const std::string& id, config::Event event, config::Detect detect, Dice& dice) {
  config::Webhook made;
  made.id = id;
  made.connection_id = "model";
  made.database.edit().type = DbType::postgres;
  made.database.edit().url = Secret("postgresql://model");
  made.object_type = "items";
  made.event = event;
  made.detect = detect;
  made.include_all = true;
  made.interval = milliseconds(500 + dice() % 5000);
  made.page_max_limit = 1 + static_cast<int>(dice() % 4);
  made.delivery.edit().hook_url = "http://" + id + ".example/";
  made.delivery.edit().retry = {
      .give_up_after = std::chrono::hours(24 * 365), .first = milliseconds(100), .max = seconds(5)};
  return made;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, std::string folder, Lie lie) : dice_(seed), folder_(std::move(folder)) {
  using config::Detect;
  using config::Event;
  config_.webhooks = {webhook_of("by-xid", Event::updated, Detect::xid, dice_),
                      webhook_of("new-by-xid", Event::created, Detect::xid, dice_),
                      webhook_of("narrowed", Event::updated, Detect::automatic, dice_),
                      webhook_of("compared", Event::updated, Detect::snapshot, dice_),
                      webhook_of("new-compared", Event::created, Detect::snapshot, dice_),
                      webhook_of("gone", Event::deleted, Detect::snapshot, dice_)};
  undisturbed_ = chance(dice_, 25);
  mortal_ = !undisturbed_;
  config_.limits = {.polls = 4,
                    .deliveries = 8,
                    .outbox_bytes = undisturbed_ ? 1 << 20 : 1000 + static_cast<std::int64_t>(dice_() % 20000)};
  if (!undisturbed_) {
    database_.faults = static_cast<int>(dice_() % 3);
    receivers_.faults = static_cast<int>(dice_() % 50);
  }
  config_.log.level = "off";
  database_.hides_running = lie == Lie::snapshot_hides_running;
  receivers_.swallows = lie == Lie::receiver_swallows;
  database_.meanwhile = [this] {
    perhaps_die(often);
    if (chance(dice_, 30)) database_.write();
    if (chance(dice_, 5)) engine_->delivery_step();
  };
  receivers_.crossroads = [this] { perhaps_die(often); };
  std::filesystem::create_directories(folder_);
}

Simulation::~Simulation() {
  end_daemon();
  std::filesystem::remove_all(folder_);
}

Instant Simulation::MortalClock::now() const {
  simulation_.perhaps_die(seldom);
  return simulation_.clock_.now();
}

// Destructors read it (SessionPool::Lease), and a death is an exception: none here.
Tick Simulation::MortalClock::tick() const {
  return simulation_.clock_.tick();
}

void Simulation::perhaps_die(int per_million) {
  if (mortal_ && static_cast<int>(dice_() % 1'000'000) < per_million) throw Death();
}

void Simulation::end_daemon() {
  engine_.reset();
  store_.reset();
  receivers_.abort_all();
}

// It may die while it starts.
void Simulation::begin_daemon() {
  end_daemon();
  auto opened = open_store(folder_, clock_);
  if (!opened) throw std::runtime_error(opened.error().message);
  store_ = std::move(*opened);
  const auto connect = [this](const config::Database&, const ConnectOptions&) -> Result<std::unique_ptr<Source>> {
    if (chance(dice_, database_.faults)) return fail(Recourse::reconnect, "the database is away");
    return database_.connect();
  };
  const auto new_id = [this] {
    perhaps_die(often);
    return std::to_string(++ids_);
  };
  engine_ =
      std::make_unique<Engine>(Engine::Parts{.store = *store_,
                                             .transport = receivers_,
                                             .clock = mortal_clock_,
                                             .connect = connect,
                                             .connect_options = {},
                                             .random_id = new_id,
                                             .random = [this] { return static_cast<double>(dice_() % 1000) / 1000; },
                                             .load = [this] { return config_; },
                                             .secrets = {},
                                             .sizes = {.part_bytes = 1, .part_known_rows = 3, .range_rows = 3},
                                             .single_threaded = true},
                               config_);
  if (auto started = engine_->start(); !started) throw std::runtime_error(started.error().message);
}

void Simulation::poll_due() {
  while (poll_next()) {
  }
}

// False: nothing was due.
bool Simulation::poll_next() {
  database_.touched.clear();
  const auto step = engine_->step();
  if (!step.poll) return false;
  polled_.insert(step.poll->id);
  if (step.poll->outcome) polled(step.poll->id, *step.poll->outcome);
  return true;
}

void Simulation::polled(const std::string& id, const PollOutcome& outcome) {
  ++totals_.polls;
  if (!outcome.run.ok) {
    ++totals_.failed_polls;
    if (outcome.recourse == Recourse::give_up || outcome.recourse == Recourse::ask_operator)
      complain(id + ": a poll failed for good: " + outcome.run.error);
  }
  if (id != "gone" || !outcome.complete) return;
  const auto& now = database_.begun_with();
  // One that was written while the poll went on may be back, or gone once more: the next poll will tell.
  for (const auto row : there_)
    if (!now.contains(row) && !database_.touched.contains(row)) ++must_tell_[row];
  there_ = now;
}

void Simulation::pass_server_time() {
  database_.set_clock(began_ + (clock_.now() - began_) * server_seconds);
}

void Simulation::move() {
  pass_server_time();
  const auto what = dice_() % 100;
  if (what < 45) {
    database_.write();
  } else if (what < 70) {
    clock_.at += milliseconds(dice_() % 1500);
    poll_due();
  } else if (what < 98) {
    clock_.at += milliseconds(dice_() % 300);
    engine_->delivery_step();
  } else {
    resume_paused();
  }
}

// The operator after a 410.
void Simulation::resume_paused() {
  auto& control = engine_->control();
  for (const auto& one : config_.webhooks) {
    const auto status = control.get(one.id);
    if (!status) complain(one.id + " has no status");
    if (status && status->paused && !control.resume(one.id)) complain("a webhook can't be resumed");
  }
}

bool Simulation::all_quiet() {
  const auto queued = store_->outbox().with_queue();
  return engine_->deliveries_idle() && queued && queued->empty();
}

// No fault any more, every transaction ended: two polls of each, and everything delivered after each.
void Simulation::calm_down() {
  mortal_ = false;
  database_.faults = receivers_.faults = 0;
  database_.meanwhile = [] {};
  database_.finish();
  config_.limits.outbox_bytes = 1 << 30;
  if (!engine_->control().reload()) complain("the configuration can't be reloaded");
  for (int i = 0; i < 3; ++i) {  // answers that are on their way, a 410 among them
    clock_.at += milliseconds(1000);
    engine_->delivery_step();
  }
  for (int round = 0; round < 2; ++round) {
    resume_paused();
    clock_.at += std::chrono::minutes(2);  // each is due, and a full sweep too
    pass_server_time();
    polled_.clear();
    for (std::size_t i = 0; i < config_.webhooks.size(); ++i)
      if (!poll_next()) complain("a webhook that is due was not polled");
    if (polled_.size() != config_.webhooks.size() || poll_next())
      complain("a poll with all the room in the world left something");
    for (int i = 0; i < 500 && !all_quiet(); ++i) {
      clock_.at += milliseconds(1000);
      engine_->delivery_step();
    }
  }
  if (!all_quiet()) complain("there is no end to the deliveries");
}

std::vector<std::string> Simulation::run() {
  for (int i = -1; i < steps; ++i) {
    try {
      if (engine_) move();
      if (!engine_) begin_daemon();
    } catch (const Death&) {
      ++totals_.deaths;
      end_daemon();
    }
  }
  mortal_ = false;
  if (!engine_) begin_daemon();
  calm_down();
  judge();
  for (const auto& [id, told] : receivers_.told) totals_.pages += static_cast<std::int64_t>(told.bodies.size());
  complaints_.insert(complaints_.end(), receivers_.complaints.begin(), receivers_.complaints.end());
  return complaints_;
}

void Simulation::judge() {
  for (const auto* id : {"by-xid", "narrowed", "compared"}) {
    const auto& told = receivers_.told[id];
    for (const auto& [row, now] : database_.rows()) {
      const auto last = told.versions.find(row);
      if (last == told.versions.end() || last->second != now.version)
        complain(std::string(id) + ": row " + std::to_string(row) + " has version " + std::to_string(now.version) +
                 ", told was " + (last == told.versions.end() ? "none" : std::to_string(last->second)));
    }
    // Known rows and xids are stored with the pages, so not even a death makes a version come in a second page;
    // only a sweep by xid that was cut short does, having seen some transactions in part.
    if (!told.again.empty() && (undisturbed_ || id == std::string("compared")))
      complain(std::string(id) + ": " + told.again.front() + " came in two pages");
  }
  for (const auto* id : {"new-by-xid", "new-compared"})
    for (const auto& [row, now] : database_.rows())
      if (!receivers_.told[id].times.contains(row))
        complain(std::string(id) + ": the birth of row " + std::to_string(row) + " was not told");
  judge_deletions();
}

void Simulation::judge_deletions() {
  const auto& told = receivers_.told["gone"].times;
  const auto times = [](const std::map<std::int64_t, int>& counts, std::int64_t row) {
    const auto at = counts.find(row);
    return at == counts.end() ? 0 : at->second;
  };
  for (const auto& [row, least] : must_tell_)
    if (times(told, row) < least)
      complain("gone: row " + std::to_string(row) + " ended, told " + std::to_string(times(told, row)) +
               " times, not " + std::to_string(least));
  for (const auto& [row, often] : told)
    if (often > times(database_.died, row))
      complain("gone: row " + std::to_string(row) + " was told to have ended more often than it did");
  const auto known = store_->polls().known_count("gone");
  if (!known || *known != static_cast<std::int64_t>(database_.rows().size()))
    complain("gone: the known rows are not those of the table");
}

}  // namespace vhookd::simulation
