// The daemon's heart: polls webhooks as they come due, hands their pages to the delivery loop, keeps their
// health, answers what Control asks. Owns its threads; everything it works with is handed in.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "config/stored.h"
#include "connectors/connector.h"
#include "core/clock.h"
#include "core/guarded.h"
#include "core/mutex.h"
#include "core/sparse_field.h"
#include "daemon/engine/control.h"
#include "daemon/engine/dispatcher.h"
#include "daemon/engine/engine_metrics.h"
#include "daemon/engine/idle_probes.h"
#include "daemon/engine/metrics.h"
#include "daemon/engine/poller.h"
#include "daemon/engine/probe_cache.h"
#include "daemon/engine/session_pool.h"
#include "delivery/transport.h"
#include "scheduler/health.h"
#include "scheduler/timetable.h"
#include "store/store.h"

namespace vhookd {

class Engine : private PollObserver {
 public:
  struct Parts {
    Store& store;
    Transport& transport;
    const Clock& clock;
    Connect connect;
    ConnectOptions connect_options;
    std::function<std::string()> random_id;
    std::function<double()> random;
    // Reads the configuration again, for reload.
    std::function<std::expected<config::Config, config::Errors>()> load;
    config::SecretSources secrets;  // for webhooks kept in state
  };
  Engine(Parts parts, config::Config config);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // An error where the state can't be read; nothing is started then.
  Result<void> start();
  // Finishes POSTs under way (10 s), polls stop at the next row. Idempotent.
  void stop();

  // Polls every webhook once and delivers what there is; true: all went well. `interrupted` is asked now
  // and then. Instead of start().
  bool run_once(const std::function<bool()>& interrupted);

  Control control();

 private:
  struct Progress {
    std::int64_t rows = 0;
    std::optional<std::int64_t> expected;
    Tick began;
    Tick last;  // when the rows were last counted up: while polling waits, the rate does not sink
  };

  struct Health {
    Side polls;
    Side deliveries;
    bool shown_healthy = true;
    std::string shown_error;
    bool stored = true;  // the store has it as it is shown
    bool operator==(const Health&) const = default;
  };

  // Of a webhook made through the API.
  struct ApiMade {
    std::string definition;  // as kept in state
    std::string invalid;     // why it can't run, though it is kept; empty: it runs
    bool operator==(const ApiMade&) const = default;
  };

  struct Entry {
    std::shared_ptr<const config::Webhook> webhook;
    // As which the last whole poll was made; null: not by this process. It is polled once more before an epoch ends.
    std::shared_ptr<const config::Webhook> polled_as;
    SparseField<Health> health;
    bool paused = false;             // in state
    std::int64_t holding_pages = 0;  // dead ones that what follows waits for
    std::string strategy;
    bool release = false;  // the next poll ignores hold_if_changed_over
    bool asked = false;    // somebody asked for the next poll: it is not left out
    // What lets polls be left out (scheduler/detect/idle.h).
    bool by_commits_alone = true;    // not known before the first poll
    Shared<std::string> token;       // taken before the last poll, which was whole; empty: there is none
    std::optional<Instant> idle_at;  // last check by a token, newer than the state's
    bool idle_unsaved = false;       // the state does not know of it
    bool busy = false;  // the last poll found records, quickly: the next is likely to, and does not ask first
    bool outbox_full = false;
    std::uint64_t runs_begun = 0;
    Tick poll_began;  // of the latest
    std::uint64_t runs_ended = 0;
    int awaited = 0;                        // so many wait for a run to end,
    std::unique_ptr<Run> last_run;          // and are told of this one
    std::unique_ptr<Progress> first_sync;   // while it is under way
    Tick since;                             // known to this process from then on
    std::optional<Tick> last_complete;      // check by this process
    std::optional<Instant> checked_before;  // by the one before it, as the state had it
    WebhookMetrics counted;
    bool by_api = false;
    SparseField<ApiMade> api_made;
  };

  // A webhook kept in state, as the configuration reads it now.
  struct Stored {
    std::shared_ptr<const config::Webhook> webhook;
    config::Errors errors;
  };

  // A database that could not be reached. One webhook alone tries it, seldom; the others that are due there
  // must not look healthy until their turn comes.
  struct Outage {
    int failed_in_a_row = 0;
    std::string error;  // of the last attempt
  };

  Result<void> adopt(const std::shared_ptr<const config::Webhook>& webhook) REQUIRES(mutex_);
  void work();  // a poll worker
  // One webhook that has come due, with what its entry said then.
  struct Due {
    std::string id;
    std::shared_ptr<const config::Webhook> webhook, polled_as;
    PollRequest request;
    Shared<std::string> token;
    bool asks_first = true;  // whether anything was committed since
  };
  // daemon/engine/engine_poll.cc
  Due take(const std::string& id) REQUIRES(mutex_);
  void poll_one(const Due& due);
  PollOutcome not_reached(const Error& error, Tick began) const;
  PollOutcome poll_with_session(const config::Webhook& webhook, const PollRequest& request);
  PollOutcome poll_on(SessionPool::Lease& lease, const config::Webhook& webhook, const PollRequest& request);
  std::optional<PollOutcome> end_epoch(const Due& due);
  bool left_out(const Due& due, const std::optional<IdleProbes::Seen>& seen);
  void save_idle(bool all);
  // daemon/engine/engine.cc
  void wait_for_due(MutexLock& lock, Tick now) REQUIRES(mutex_);
  void hand_over();
  void wait_for_room(const std::string& id);
  static void say_outbox_full(const std::string& id, Entry& entry);
  void polled(const Due& due, const PollOutcome& outcome, const Shared<std::string>& token);
  static void count(Entry& entry, const PollOutcome& outcome);
  static void note_run(Entry& entry, const Run& run);
  void unreachable(const std::string& id, const config::Webhook& webhook, const std::string& error) REQUIRES(mutex_);
  void hold_back(const std::string& id, Entry& entry, const std::string& why) REQUIRES(mutex_);
  void show_health(const std::string& id, Entry& entry) REQUIRES(mutex_);
  // PollObserver
  void pages_queued(const std::string& id) override { dispatcher_.notify(id); }
  bool may_queue(const std::string& id) override;
  void progressed(const std::string& id, std::int64_t rows, std::optional<std::int64_t> expected) override;
  bool stopping() override { return stopping_; }
  void made_progress() override { poll_step_ = parts_.clock.tick(); }
  void deliver();  // the delivery thread
  std::shared_ptr<const config::Webhook> sendable(const std::string& id, bool replay);
  Keep keep(const config::Webhook& webhook);
  void dead_changed(const std::string& id);
  void delivered(const std::string& id);
  void not_delivered(const std::string& id, const std::string& error, bool lasting);
  bool once_done() REQUIRES(mutex_);

  // daemon/engine/engine_stored.cc
  Stored read_stored(config::StoredReader& reader, const std::string& id, const std::string& json) const
      REQUIRES(mutex_);
  Result<void> adopt_stored() REQUIRES(mutex_);
  Result<void> adopt_one_stored(const Stored& stored, const std::string& json) REQUIRES(mutex_);
  Answer<WebhookStatus> create(const std::string& body, std::optional<bool> include_all);
  Answer<WebhookStatus> change(const std::string& id, const std::string& body);
  Answer<WebhookStatus> remove(const std::string& id);

  // daemon/engine/engine_status.cc
  struct Judged {
    bool paused = false;
    bool healthy = true;
    std::string last_error;
    std::optional<Instant> checked_at;  // by the clock as it goes now
  };
  Judged judge(const Entry& entry, std::optional<Instant> checked_at, Instant now, Tick tick) const REQUIRES(mutex_);
  Judged judge_known(const Entry& entry) const REQUIRES(mutex_);
  std::optional<Instant> next_check_at(const Entry& entry, const Judged& judged, Instant now, Tick tick) const
      REQUIRES(mutex_);
  WebhookStatus judged(const Entry& entry, WebhookState state) const REQUIRES(mutex_);
  Answer<Counts> counts();
  Answer<WebhookStatus> status_of(const std::string& id);
  using OnEntry = std::function<void(const Entry& entry, WebhookState state)>;
  Answer<std::size_t> walk(std::size_t from, std::size_t most, const OnEntry& on_entry);
  Answer<std::size_t> each(std::size_t from, std::size_t most, const Visit& visit);
  MeasuredWebhook measured(const Entry& entry, const WebhookState& state) const REQUIRES(mutex_);
  Answer<Pieces> metrics();
  Answer<std::string> explain(const std::string& id, bool json);
  void attempted(const std::string& id, Attempted outcome, Micros took, std::optional<Micros> waited);

  // daemon/engine/engine_control.cc
  Answer<Run> trigger(const std::string& id);
  Answer<WebhookStatus> set_paused(const std::string& id, bool paused);
  std::vector<const config::Webhook*> of_the_yaml() const REQUIRES(mutex_);
  Answer<ReloadReport> reload();
  Answer<std::vector<DeadPage>> dead(const std::string& id);
  Answer<Selected> replay(const std::string& id, const ReplayRange& range, const ReplayTo& to);
  Answer<DeadPage> drop_dead(const std::string& id, const std::string& page);
  std::vector<std::string> not_ready();
  bool alive();

  Parts parts_;
  SessionPool sessions_;
  ProbeCache probe_cache_;
  IdleProbes idle_probes_;
  Poller poller_;
  Dispatcher dispatcher_;

  Guarded<EngineMetrics> metrics_;

  Mutex reload_mutex_;  // one at a time brings webhooks in or out
  Mutex mutex_;
  ConditionVariable due_;                           // something is due, or this worker is to wait for it; stopping
  ConditionVariable ended_;                         // a run ended, webhooks came or went; stopping
  std::optional<Tick> awaited_ GUARDED_BY(mutex_);  // what comes due then is waited for by a worker
  config::Config config_ GUARDED_BY(mutex_);        // without its webhooks once they are adopted
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  std::vector<std::string> order_ GUARDED_BY(mutex_);  // of the configuration
  Timetable timetable_ GUARDED_BY(mutex_);
  std::map<std::string, Outage> outages_ GUARDED_BY(mutex_);  // by Sessions::place_of
  Tick idle_saved_ GUARDED_BY(mutex_);                        // when checks by a token were last written down
  std::set<std::string> once_left_ GUARDED_BY(mutex_);        // run_once: not polled yet
  bool once_ = false;
  bool once_failed_ GUARDED_BY(mutex_) = false;
  bool started_ GUARDED_BY(mutex_) = false;

  std::atomic<bool> stopping_ = false;
  std::atomic<Tick> poll_step_ = Tick{};  // when a poll worker last got on, with a poll or with waiting for one
  std::vector<std::thread> workers_;
  std::thread delivery_;
};

}  // namespace vhookd
