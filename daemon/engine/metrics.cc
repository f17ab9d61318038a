#include "daemon/engine/metrics.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>

namespace vhookd {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void open(const char* name, const char* help, MetricType type) { list_.push_back({name, help, type, {}}); }
  void counter(const char* name, const char* help) { open(name, help, MetricType::Counter); }
  void gauge(const char* name, const char* help) { open(name, help, MetricType::Gauge); }

  // One sample of the family opened last.
  void sample(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (list_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    list_.back().metric.push_back(std::move(metric));
  }

  void one_gauge(const char* name, const char* help, double value) {
    gauge(name, help);
    sample(value);
  }
  template <class T>
  void one_gauge(const char* name, const char* help, const std::optional<T>& value) {
    if (value) one_gauge(name, help, static_cast<double>(*value));
  }

  void histogram(const char* name, const char* help, const Histogram& of) {
    open(name, help, MetricType::Histogram);
    ClientMetric metric;
    metric.histogram.sample_count = of.count();
    metric.histogram.sample_sum = of.sum();
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < of.bounds().size(); ++i) {
      below += of.buckets()[i];
      metric.histogram.bucket.push_back({below, of.bounds()[i]});
    }
    metric.histogram.bucket.push_back({of.count(), std::numeric_limits<double>::infinity()});
    list_.back().metric.push_back(std::move(metric));
  }

  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, list_);
    return out.str();
  }

 private:
  std::vector<MetricFamily> list_;
};

double seconds_since_1970(Instant at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

double number(std::uint64_t count) {
  return static_cast<double>(count);
}

std::optional<double> moment(const std::optional<Instant>& at) {
  if (!at) return std::nullopt;
  return seconds_since_1970(*at);
}

using Measured = const MeasuredWebhook&;

// A family with samples of each webhook.
struct PerWebhook {
  const char* name;
  const char* help;
  MetricType type;
  void (*put)(Families& out, Measured webhook);
};

// One sample, where `value` gives one.
template <auto value>
void one(Families& out, Measured of) {
  if (const std::optional<double> sample = value(of)) out.sample(*sample, {{"webhook", of.webhook->id}});
}

void put_info(Families& out, Measured of) {
  out.sample(1, {{"webhook", of.webhook->id},
                 {"connection_id", of.webhook->connection_id},
                 {"db_type", std::string(name_of(of.webhook->database->type))},
                 {"object_type", of.webhook->object_type},
                 {"event", std::string(name_of(of.webhook->event))},
                 {"detect", of.strategy}});
}

void put_polls(Families& out, Measured of) {
  const auto& id = of.webhook->id;
  out.sample(number(of.counted.polls_ok), {{"webhook", id}, {"outcome", "ok"}});
  out.sample(number(of.counted.polls_failed), {{"webhook", id}, {"outcome", "failed"}});
  out.sample(number(of.counted.polls_held), {{"webhook", id}, {"outcome", "held"}});
}

void put_deliveries(Families& out, Measured of) {
  for (const auto outcome : all_attempted)
    out.sample(number(of.counted.attempts[static_cast<std::size_t>(outcome)]),
               {{"webhook", of.webhook->id}, {"outcome", std::string(name_of(outcome))}});
}

const std::array per_webhook = {
    PerWebhook{"vhookd_webhook_info", "What a webhook is, as labels; always 1.", MetricType::Gauge, put_info},
    PerWebhook{"vhookd_webhook_healthy", "1 where is_healthy, else 0.", MetricType::Gauge,
               one<[](Measured of) { return std::optional(of.healthy ? 1.0 : 0.0); }>},
    PerWebhook{"vhookd_webhook_paused", "1 where is_paused, else 0.", MetricType::Gauge,
               one<[](Measured of) { return std::optional(of.paused ? 1.0 : 0.0); }>},
    PerWebhook{
        "vhookd_webhook_interval_seconds", "Configured time between two polls.", MetricType::Gauge,
        one<[](Measured of) { return std::optional(std::chrono::duration<double>(of.webhook->interval).count()); }>},
    PerWebhook{"vhookd_webhook_lag_seconds", "Time since the last complete check.", MetricType::Gauge,
               one<[](Measured of) { return of.checked_at ? std::optional(of.lag_seconds) : std::nullopt; }>},
    PerWebhook{"vhookd_webhook_last_check_timestamp_seconds", "When the last complete check ended.", MetricType::Gauge,
               one<[](Measured of) { return moment(of.checked_at); }>},
    PerWebhook{"vhookd_webhook_next_check_timestamp_seconds", "When the next poll is due; none if paused.",
               MetricType::Gauge, one<[](Measured of) { return moment(of.next_check_at); }>},
    PerWebhook{"vhookd_webhook_last_delivery_timestamp_seconds", "When the last 2xx came.", MetricType::Gauge,
               one<[](Measured of) { return moment(of.last_delivery_at); }>},
    PerWebhook{"vhookd_webhook_queued_pages", "Pages that wait to be delivered.", MetricType::Gauge,
               one<[](Measured of) { return std::optional(static_cast<double>(of.queued_pages)); }>},
    PerWebhook{"vhookd_webhook_queued_bytes", "Bytes of the pages that wait to be delivered.", MetricType::Gauge,
               one<[](Measured of) { return std::optional(static_cast<double>(of.queued_bytes)); }>},
    PerWebhook{"vhookd_webhook_dead_pages", "Pages whose retries are spent.", MetricType::Gauge,
               one<[](Measured of) { return std::optional(static_cast<double>(of.dead_pages)); }>},
    PerWebhook{"vhookd_webhook_last_poll_duration_seconds", "How long the last poll took.", MetricType::Gauge,
               one<[](Measured of) { return of.counted.last_poll_seconds; }>},
    PerWebhook{"vhookd_polls_total", "Polls that have ended, by outcome.", MetricType::Counter, put_polls},
    PerWebhook{"vhookd_records_total", "Changed rows that polls have put into pages.", MetricType::Counter,
               one<[](Measured of) { return std::optional(number(of.counted.records)); }>},
    PerWebhook{"vhookd_pages_total", "Pages that polls have queued.", MetricType::Counter,
               one<[](Measured of) { return std::optional(number(of.counted.pages)); }>},
    PerWebhook{"vhookd_deliveries_total", "Attempts to deliver a page, by outcome.", MetricType::Counter,
               put_deliveries},
};

void put_histograms(Families& out, const EngineMetrics& counters) {
  out.histogram("vhookd_poll_duration_seconds", "How long polls took.", counters.polls);
  out.histogram("vhookd_delivery_duration_seconds", "How long POSTs took, whatever their outcome.", counters.attempts);
  out.histogram("vhookd_page_wait_seconds", "Time from the poll that found a page's changes to its 2xx.",
                counters.waits);
}

void put_whole(Families& out, const Measurements& measured) {
  double healthy = 0;
  double unhealthy = 0;
  double paused = 0;
  double queued = 0;
  double dead = 0;
  for (const auto& status : measured.webhooks) {
    ++(status.paused ? paused : status.healthy ? healthy : unhealthy);
    queued += static_cast<double>(status.queued_pages);
    dead += static_cast<double>(status.dead_pages);
  }
  out.gauge("vhookd_webhooks", "Webhooks, by state; one that is paused counts as paused only.");
  out.sample(healthy, {{"state", "healthy"}});
  out.sample(unhealthy, {{"state", "unhealthy"}});
  out.sample(paused, {{"state", "paused"}});
  out.one_gauge("vhookd_outbox_pages", "Pages that wait to be delivered, of all webhooks.", queued);
  out.one_gauge("vhookd_outbox_bytes", "Bytes of the pages that wait to be delivered.",
                static_cast<double>(measured.outbox_bytes));
  out.one_gauge("vhookd_outbox_limit_bytes", "limits.outbox_bytes: with so much queued, polling waits.",
                static_cast<double>(measured.outbox_limit_bytes));
  out.one_gauge("vhookd_dead_pages", "Pages whose retries are spent, of all webhooks.", dead);
  out.one_gauge("vhookd_state_bytes", "Size of the state file and its log.", static_cast<double>(measured.state_bytes));
  const auto& counters = measured.counters;
  out.counter("vhookd_config_reloads_total", "Reloads of the configuration, by outcome.");
  out.sample(static_cast<double>(counters.reloads), {{"outcome", "taken"}});
  out.sample(static_cast<double>(counters.reloads_refused), {{"outcome", "refused"}});
  out.one_gauge("vhookd_config_last_reload_successful", "0 where the last reload was refused, else 1.",
                counters.last_reload_good ? 1 : 0);
  out.one_gauge("vhookd_config_last_reload_success_timestamp_seconds", "When the configuration in force was read.",
                seconds_since_1970(counters.configured_at));
  out.gauge("vhookd_build_info", "Version and kind of the build, as labels; always 1.");
  out.sample(1, {{"version", VHOOKD_VERSION}, {"build", VHOOKD_BUILD}});
}

void put_process(Families& out, const ProcessFacts& process) {
  if (process.cpu_seconds) {
    out.counter("process_cpu_seconds_total", "Processor time, user and system.");
    out.sample(*process.cpu_seconds);
  }
  out.one_gauge("process_start_time_seconds", "When the process started, since 1970.", process.started_at);
  out.one_gauge("process_resident_memory_bytes", "Memory that is in RAM.", process.resident_bytes);
  out.one_gauge("process_virtual_memory_bytes", "Memory that is mapped.", process.virtual_bytes);
  out.one_gauge("process_threads", "Threads.", process.threads);
  out.one_gauge("process_open_fds", "Open file descriptors.", process.open_fds);
  out.one_gauge("process_max_fds", "Most file descriptors that may be open.", process.most_fds);
}

// Goes through the families, and through the webhooks of each.
class Writer {
 public:
  Writer(Measurements measured, std::size_t piece_bytes) : measured_(std::move(measured)), piece_bytes_(piece_bytes) {}

  std::string next() {
    std::string piece;
    while (piece.size() < piece_bytes_ && !ended_) piece += next_part();
    return piece;
  }

 private:
  std::string next_part() {
    Families part;
    if (!begun_) {
      begun_ = true;
      put_whole(part, measured_);
      return part.text();
    }
    if (family_ < per_webhook.size()) return next_webhooks();
    ended_ = true;
    measured_.webhooks = {};
    put_histograms(part, measured_.counters);
    put_process(part, measured_.process);
    return part.text();
  }

  std::string next_webhooks() {
    constexpr std::size_t at_once = 200;
    const auto& family = per_webhook[family_];
    const std::size_t from = std::exchange(webhook_, std::min(webhook_ + at_once, measured_.webhooks.size()));
    Families part;
    part.open(family.name, family.help, family.type);
    for (std::size_t i = from; i < webhook_; ++i) family.put(part, measured_.webhooks[i]);
    std::string text = part.text();
    if (from > 0) text.erase(0, text.find('\n', text.find('\n') + 1) + 1);  // # HELP and # TYPE stand there once
    if (webhook_ == measured_.webhooks.size()) {
      webhook_ = 0;
      ++family_;
    }
    return text;
  }

  Measurements measured_;
  std::size_t piece_bytes_;
  bool begun_ = false;
  bool ended_ = false;
  std::size_t family_ = 0;
  std::size_t webhook_ = 0;  // the next of the family
};

}  // namespace

Pieces metrics_pieces(Measurements measured, std::size_t piece_bytes) {
  return [writer = std::make_shared<Writer>(std::move(measured), piece_bytes)] { return writer->next(); };
}

}  // namespace vhookd
