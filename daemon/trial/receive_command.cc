#include "daemon/trial/receive_command.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/signing_key.h"
#include "core/time_text.h"
#include "core/webhook_secret.h"
#include "daemon/trial/receiver.h"
#include "delivery/printable.h"
#include "scheduler/payload/received_payload.h"

namespace vhookd {

namespace {

constexpr std::size_t most_record_bytes = 2000;  // bytes of a record printed on one line

// Blocks SIGINT and SIGTERM while it exists, also in threads that are started meanwhile; wait() waits for one of them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void wait() const {
    int signal = 0;
    while (sigwait(&signals_, &signal) != 0) {
    }
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

// Formats a row of columns, separated by two spaces; a negative width aligns to the right.
std::string row(const std::array<std::string, 7>& cells) {
  constexpr std::array<int, 7> widths = {8, 20, 16, -8, -7, 9, 0};
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto width = static_cast<std::size_t>(std::abs(widths[i]));
    const std::string space(width - std::min(width, cells[i].size()), ' ');
    out.append(widths[i] < 0 ? space : cells[i]).append(widths[i] < 0 ? cells[i] : space).append("  ");
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string note_on(const Received& page) {
  if (!page.taken()) return "answered " + std::to_string(page.status) + ": " + page.problem;
  if (page.duplicate()) return "duplicate";
  if (page.gap()) {
    const std::uint64_t last = page.sequence - 1;
    return "GAP: " + std::to_string(page.expected) + (last > page.expected ? " to " + std::to_string(last) : "") +
           " missing";
  }
  if (page.order == Order::behind) return "behind: expected " + std::to_string(page.expected);
  return "";
}

std::string as_text(const Received& page, bool quiet) {
  const bool known = page.sequence > 0;
  std::string out =
      row({rfc3339_seconds(page.at).substr(11, 8), known ? printable(page.webhook_id, 64) : "-",
           known ? page.type : "-", known ? std::to_string(page.sequence) : "-",
           known ? std::to_string(page.records) : "-", std::string(name_of(page.signature)), note_on(page)});
  if (quiet) return out;
  for (const std::string& record : split_records(page.data)) {
    out += "          " + printable(record, most_record_bytes);
    out += record.size() > most_record_bytes ? " (cut)\n" : "\n";
  }
  return out;
}

std::string as_json(const Received& page, bool quiet) {
  nlohmann::ordered_json line = {{"at", rfc3339(page.at)},
                                 {"webhook_id", page.webhook_id},
                                 {"type", page.type},
                                 {"sequence", page.sequence},
                                 {"records", page.records},
                                 {"message_id", page.message_id},
                                 {"signature", name_of(page.signature)},
                                 {"order", name_of(page.order)},
                                 {"status", page.status}};
  if (!page.problem.empty()) line["problem"] = page.problem;
  std::string out = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (!quiet && !page.data.empty()) {
    out.pop_back();
    out += ",\"data\":" + page.data + "}";  // unchanged: a parsed number might be printed differently
    std::ranges::replace_if(
        out, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }
  return out + "\n";
}

std::string summary_of(const ReceiverCounts& counts, bool checked) {
  const auto item = [](std::int64_t count, const std::string& what) {
    return count == 0 ? "" : ", " + std::to_string(count) + " " + what;
  };
  std::string out = std::to_string(counts.pages) + (counts.pages == 1 ? " page" : " pages") + " with " +
                    std::to_string(counts.records) + (counts.records == 1 ? " record" : " records") + " from " +
                    std::to_string(counts.webhooks) + (counts.webhooks == 1 ? " webhook" : " webhooks");
  out += checked ? ", all of them verified" : ", signatures not verified";
  out += counts.gaps == 0 ? ", no gap" : item(counts.gaps, counts.gaps == 1 ? "GAP" : "GAPS");
  out += item(counts.duplicates, counts.duplicates == 1 ? "duplicate" : "duplicates");
  out += item(counts.behind, "behind the sequence");
  out += item(counts.unverified, "rejected as not authentic");
  out += item(counts.malformed, "rejected as malformed");
  out += item(counts.on_purpose, "failed on purpose");
  return out + "\n";
}

}  // namespace

int receive_command(const ReceiveOptions& options) {
  const auto print = [out = options.out](const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
  };
  ReceiverOptions receiving;
  receiving.port = options.port;
  receiving.fail_percent = options.fail_percent;
  receiving.keep = 0;
  for (const std::string& text : options.secrets) {
    if (auto key = parse_public_key(text)) {
      receiving.public_keys.push_back(std::move(*key));
      continue;
    }
    auto secret = parse_webhook_secret(text);
    if (!secret) {
      std::fprintf(stderr, "vhookd: --secret: %s\n", secret.error().c_str());
      return 64;
    }
    receiving.secrets.push_back(std::move(*secret));
  }
  receiving.on_page = [&](const Received& page) {
    print(options.json ? as_json(page, options.quiet) : as_text(page, options.quiet));
  };

  const bool checked = !options.secrets.empty();
  const StopSignals stop;
  const SystemClock clock;
  auto receiver = Receiver::open(clock, std::move(receiving));
  if (!receiver) {
    std::fprintf(stderr, "vhookd: %s; choose another port with --port\n", receiver.error().c_str());
    return 1;
  }
  const std::string greeting =
      "receiving at " + (*receiver)->url() + "; " +
      (checked ? "signatures are verified" : "signatures are NOT verified, because --secret is not set") +
      "; stop with Ctrl-C\n";
  if (options.json) {
    std::fputs(greeting.c_str(), stderr);  // standard output is only JSON; this shows the port that --port 0 selected
  } else {
    print(greeting + row({"TIME UTC", "WEBHOOK", "TYPE", "SEQUENCE", "RECORDS", "SIGNATURE", "NOTE"}));
  }
  stop.wait();
  const ReceiverCounts counts = (*receiver)->counts();
  receiver->reset();  // no page is printed after the summary
  if (!options.json) print(summary_of(counts, checked));
  return counts.gaps + counts.unverified + counts.malformed == 0 ? 0 : 1;
}

}  // namespace vhookd
