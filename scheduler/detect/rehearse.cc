#include "scheduler/detect/rehearse.h"

#include <utility>

#include "scheduler/detect/poll.h"

namespace vhookd {

Result<Rehearsal> rehearse(const Plan& plan, const std::string& start, KnownRows known, PageBuilder& builder,
                           const Read& read) {
  auto poll = make_poll(plan, start, std::move(known));
  if (!poll) return std::unexpected(poll.error());
  Rehearsal rehearsal;
  while (auto question = next(*poll)) {
    if (question->position) {
      Result<void> taken;
      const auto done = read(*question, [&](Row answer) {
        taken = row(*poll, answer, builder);
        return taken.has_value();
      });
      if (!taken) return std::unexpected(taken.error());
      if (!done && !question->is_refusal(done.error())) return std::unexpected(done.error());
      rehearsal.refused = rehearsal.refused || !done;
    }
    rehearsal.questions.push_back(std::move(*question));
    if (auto done = answered(*poll, builder); !done) return std::unexpected(done.error());
  }
  rehearsal.checkpoint = checkpoint(*poll);
  return rehearsal;
}

KnownRows nothing_known() {
  return {.find = [](const std::string&) -> Result<std::optional<KnownRow>> { return std::nullopt; },
          .after = [](const std::string&, int) -> Result<std::vector<KnownRow>> { return std::vector<KnownRow>(); },
          .count = []() -> Result<std::int64_t> { return 0; }};
}

KnownRows one_range_known() {
  auto known = nothing_known();
  known.ranges = [] { return std::vector{KnownRange{.first = {}, .rows = 1, .fingerprint = "?"}}; };
  return known;
}

KnownRows only_known(const KnownRow& row) {
  auto known = one_range_known();
  known.find = [row](const std::string& key) -> Result<std::optional<KnownRow>> {
    return key == row.key ? std::optional(row) : std::nullopt;
  };
  known.after = [row](const std::string& after, int) -> Result<std::vector<KnownRow>> {
    return after < row.key ? std::vector{row} : std::vector<KnownRow>();
  };
  known.count = []() -> Result<std::int64_t> { return 1; };
  return known;
}

}  // namespace vhookd
