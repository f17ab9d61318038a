#include "daemon/engine/outgoing.h"

#include "core/text.h"
#include "daemon/engine/hook_secrets.h"
#include "delivery/egress.h"
#include "delivery/sign.h"

namespace vhookd {

Parcel parcel_of(QueuedPage&& head, const config::Webhook& webhook) {
  return {.page = std::move(head.page),
          .attempts = head.attempts,
          .queued_at = head.queued_at,
          .url = webhook.delivery->hook_url,
          .replayed = head.replayed,
          .rejections = head.rejections,
          .part = head.part};
}

Parcel parcel_of(Replay&& replay, const config::Webhook& webhook) {
  const bool elsewhere = !replay.url.empty();
  return {.page = std::move(replay.page),
          .attempts = replay.attempts,
          .queued_at = {},
          .url = elsewhere ? replay.url : webhook.delivery->hook_url,
          .elsewhere = elsewhere,
          .replayed = true,
          .replay = replay.number};
}

Request make_request(std::uint64_t ticket, const config::Webhook& webhook, const Parcel& parcel, Instant now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const Page& page = parcel.page;
  Request request{
      .ticket = ticket, .url = parcel.url, .headers = {}, .body = page.body, .timeout = webhook.delivery->timeout};
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "vhookd/" VHOOKD_VERSION},
                     {"webhook-id", page.id},
                     {"webhook-timestamp", std::to_string(seconds.time_since_epoch().count())}};
  if (!webhook.delivery->secrets.empty())
    request.headers.emplace_back("webhook-signature",
                                 standard_signature(webhook.delivery->secrets, page.id, seconds, page.body));
  if (parcel.replayed) request.headers.emplace_back("vhookd-replay", "true");
  if (parcel.elsewhere && origin_of(parcel.url) != origin_of(webhook.delivery->hook_url)) return request;
  for (const auto& [name, value] : webhook.delivery->headers) request.headers.emplace_back(name, value.reveal());
  return request;
}

std::string origin_of(const std::string& url) {
  const bool tls = url.starts_with("https") || url.starts_with("HTTPS");
  const std::string_view host = written_host(url);
  const auto port_at = static_cast<std::size_t>(host.data() + host.size() - url.data());
  std::string_view rest = std::string_view(url).substr(port_at);
  if (rest.starts_with(']')) rest.remove_prefix(1);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  return (tls ? "https://" : "http://") + lower(host) + (rest.empty() ? (tls ? ":443" : ":80") : std::string(rest));
}

Attempt attempt_of(const Parcel& parcel, const Outcome& outcome, Instant first_attempt_at, Instant now, double random) {
  Attempt attempt{.attempts = parcel.attempts + 1,
                  .first_attempt_at = first_attempt_at,
                  .now = now,
                  .random = random,
                  .records = parcel.page.records,
                  .rejections = parcel.rejections,
                  .part = parcel.part};
  if (const auto* answered = std::get_if<Answered>(&outcome.result)) {
    attempt.status = answered->status;
    attempt.retry_after = answered->retry_after;
  } else {
    attempt.slow = std::get<Unanswered>(outcome.result).why == Unanswered::Why::timeout;
  }
  return attempt;
}

Attempted attempted(const Verdict& verdict, const Outcome& outcome, bool replay) {
  if (std::holds_alternative<Delivered>(verdict)) return Attempted::delivered;
  if (std::holds_alternative<Gone>(verdict)) return Attempted::gone;
  const bool died = std::holds_alternative<Dead>(verdict) || std::holds_alternative<Isolated>(verdict);
  if (died && !replay) return Attempted::died;
  return std::holds_alternative<Answered>(outcome.result) ? Attempted::refused : Attempted::unanswered;
}

std::string failure_text(const config::Webhook& webhook, const Outcome& outcome, const std::string& note) {
  std::string text;
  if (const auto* answered = std::get_if<Answered>(&outcome.result)) {
    text = "the receiver answered " + std::to_string(answered->status);
    if (!answered->excerpt.empty()) text += ": " + HookSecrets(webhook).without(answered->excerpt);
  } else {
    text = HookSecrets(webhook).without(std::get<Unanswered>(outcome.result).text);
  }
  if (!note.empty()) text += " (" + note + ")";
  return text;
}

}  // namespace vhookd
