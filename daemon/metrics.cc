#include "daemon/metrics.h"

#include <prometheus/text_serializer.h>

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

// One gauge with a sample for each webhook that `value` gives one for.
template <class Value>
void per_webhook(Families& out, const Measurements& measured, const char* name, const char* help, Value value) {
  out.gauge(name, help);
  for (const auto& status : measured.webhooks)
    if (const std::optional<double> sample = value(status)) out.sample(*sample, {{"webhook", status.webhook.id}});
}

std::optional<double> moment(const std::optional<Instant>& at) {
  if (!at) return std::nullopt;
  return seconds_since_1970(*at);
}

void put_state(Families& out, const Measurements& measured) {
  using Status = const WebhookStatus&;
  out.gauge("vhookd_webhook_info", "What a webhook is, as labels; always 1.");
  for (Status status : measured.webhooks)
    out.sample(1, {{"webhook", status.webhook.id},
                   {"connection_id", status.webhook.connection_id},
                   {"db_type", std::string(name_of(status.webhook.database->type))},
                   {"object_type", status.webhook.object_type},
                   {"event", std::string(name_of(status.webhook.event))},
                   {"detect", status.strategy}});
  per_webhook(out, measured, "vhookd_webhook_healthy", "1 where is_healthy, else 0.",
              [](Status s) { return s.healthy ? 1.0 : 0.0; });
  per_webhook(out, measured, "vhookd_webhook_paused", "1 where is_paused, else 0.",
              [](Status s) { return s.paused ? 1.0 : 0.0; });
  per_webhook(out, measured, "vhookd_webhook_interval_seconds", "Configured time between two polls.",
              [](Status s) { return std::chrono::duration<double>(s.webhook.interval).count(); });
  per_webhook(out, measured, "vhookd_webhook_lag_seconds", "Time since the last complete check.",
              [](Status s) { return s.state.checked_at ? std::optional(s.lag_seconds) : std::nullopt; });
  per_webhook(out, measured, "vhookd_webhook_last_check_timestamp_seconds", "When the last complete check ended.",
              [](Status s) { return moment(s.state.checked_at); });
  per_webhook(out, measured, "vhookd_webhook_next_check_timestamp_seconds",
              "When the next poll is due; none if paused.", [](Status s) { return moment(s.next_check_at); });
  per_webhook(out, measured, "vhookd_webhook_last_delivery_timestamp_seconds", "When the last 2xx came.",
              [](Status s) { return moment(s.state.last_delivery_at); });
  per_webhook(out, measured, "vhookd_webhook_queued_pages", "Pages that wait to be delivered.",
              [](Status s) { return static_cast<double>(s.state.queued_pages); });
  per_webhook(out, measured, "vhookd_webhook_queued_bytes", "Bytes of the pages that wait to be delivered.",
              [](Status s) { return static_cast<double>(s.state.queued_bytes); });
  per_webhook(out, measured, "vhookd_webhook_dead_pages", "Pages whose retries are spent.",
              [](Status s) { return static_cast<double>(s.state.dead_pages); });
  per_webhook(out, measured, "vhookd_webhook_last_poll_duration_seconds", "How long the last poll took.",
              [&](Status s) -> std::optional<double> {
                const auto counted = measured.tally.webhooks.find(s.webhook.id);
                return counted == measured.tally.webhooks.end() ? std::nullopt : counted->second.last_poll_seconds;
              });
}

void put_counts(Families& out, const Measurements& measured) {
  const auto& webhooks = measured.tally.webhooks;
  out.counter("vhookd_polls_total", "Polls that have ended, by outcome.");
  for (const auto& [id, counted] : webhooks) {
    out.sample(static_cast<double>(counted.polls_ok), {{"webhook", id}, {"outcome", "ok"}});
    out.sample(static_cast<double>(counted.polls_failed), {{"webhook", id}, {"outcome", "failed"}});
    out.sample(static_cast<double>(counted.polls_held), {{"webhook", id}, {"outcome", "held"}});
  }
  out.counter("vhookd_records_total", "Changed rows that polls have put into pages.");
  for (const auto& [id, counted] : webhooks) out.sample(static_cast<double>(counted.records), {{"webhook", id}});
  out.counter("vhookd_pages_total", "Pages that polls have queued.");
  for (const auto& [id, counted] : webhooks) out.sample(static_cast<double>(counted.pages), {{"webhook", id}});
  out.counter("vhookd_deliveries_total", "Attempts to deliver a page, by outcome.");
  for (const auto& [id, counted] : webhooks)
    for (const auto outcome : all_attempted)
      out.sample(static_cast<double>(counted.attempts[static_cast<std::size_t>(outcome)]),
                 {{"webhook", id}, {"outcome", std::string(name_of(outcome))}});
  out.histogram("vhookd_poll_duration_seconds", "How long polls took.", measured.tally.polls);
  out.histogram("vhookd_delivery_duration_seconds", "How long POSTs took, whatever their outcome.",
                measured.tally.attempts);
  out.histogram("vhookd_page_wait_seconds", "Time from the poll that found a page's changes to its 2xx.",
                measured.tally.waits);
}

void put_whole(Families& out, const Measurements& measured) {
  double healthy = 0;
  double unhealthy = 0;
  double paused = 0;
  double queued = 0;
  double dead = 0;
  for (const auto& status : measured.webhooks) {
    ++(status.paused ? paused : status.healthy ? healthy : unhealthy);
    queued += static_cast<double>(status.state.queued_pages);
    dead += static_cast<double>(status.state.dead_pages);
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
  const auto& tally = measured.tally;
  out.counter("vhookd_config_reloads_total", "Reloads of the configuration, by outcome.");
  out.sample(static_cast<double>(tally.reloads), {{"outcome", "taken"}});
  out.sample(static_cast<double>(tally.reloads_refused), {{"outcome", "refused"}});
  out.one_gauge("vhookd_config_last_reload_successful", "0 where the last reload was refused, else 1.",
                tally.last_reload_good ? 1 : 0);
  out.one_gauge("vhookd_config_last_reload_success_timestamp_seconds", "When the configuration in force was read.",
                seconds_since_1970(tally.configured_at));
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

}  // namespace

std::string metrics_text(const Measurements& measured) {
  Families families;
  put_whole(families, measured);
  put_state(families, measured);
  put_counts(families, measured);
  put_process(families, measured.process);
  return families.text();
}

}  // namespace vhookd
