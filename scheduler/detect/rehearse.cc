#include "scheduler/detect/rehearse.h"

#include <utility>

#include "core/forwarding_source.h"
#include "scheduler/detect/driver.h"
#include "scheduler/detect/method.h"

namespace vhookd {

namespace {

// Passes on the questions for the database's position; to all others the table has no rows. Views are begun by such
// questions alone.
class PositionsOnly final : public ForwardingSource {
 public:
  using ForwardingSource::begin;
  using ForwardingSource::ForwardingSource;

  bool refused = false;

  Result<void> begin(const Question& question, const OnRow& on_row) override {
    return is_position(question) ? noted(ForwardingSource::begin(question, on_row)) : Result<void>();
  }
  Result<void> read(const Question& question, const OnRow& on_row) override {
    return is_position(question) ? noted(ForwardingSource::read(question, on_row)) : Result<void>();
  }

 private:
  Result<void> noted(Result<void> done) {
    refused = refused || (!done && done.error().recourse == Recourse::ask_operator);
    return done;
  }
};

class Recorder final : public DriveObserver {
 public:
  std::vector<Question> questions;

  void asking(const Question& question) override { questions.push_back(question); }
  Result<Then> handled(PageBuilder& /*builder*/) override { return Then::go_on; }
};

}  // namespace

Result<Rehearsal> rehearse(const Plan& plan, const std::string& start, KnownRows known, PageBuilder& builder,
                           Source& source) {
  auto method = make_method(plan, start, std::move(known));
  if (!method) return std::unexpected(method.error());
  PositionsOnly positions(source);
  Recorder recorder;
  const auto done = drive(**method, positions, builder, recorder);
  source.end();
  if (!done) return std::unexpected(done.error());
  return Rehearsal{
      .questions = std::move(recorder.questions), .checkpoint = (*method)->checkpoint(), .refused = positions.refused};
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
