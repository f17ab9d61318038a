// What the state costs, on the disk of the temporary folder: a page committed, a poll that found nothing noted,
// receipts of deliveries, one at a time and many in one transaction. Each commit waits for the disk, as it does in the
// daemon.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/rows.h"
#include "store/store.h"

namespace vhookd::bench {
namespace {

// A state of its own with one webhook, gone with it.
class State {
 public:
  State() {
    std::string name = std::filesystem::temp_directory_path() / "vhookd-store-bench-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    auto opened = open_store(folder_, clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    check(store_->polls().webhook("orders"));
  }
  ~State() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Store& store() { return *store_; }

  // Commits `pages` pages of `rows` records each, as one poll leaves them behind.
  void commit(int pages, const std::string& array, int rows) {
    PollCommit part{
        .webhook_id = "orders", .fingerprint = "f", .checkpoint = "c", .complete = true, .at = clock_.now()};
    for (int i = 0; i < pages; ++i, ++next_)
      part.pages.push_back(
          {.id = "msg_" + std::to_string(next_),
           .sequence = next_,
           .records = rows,
           .body = R"({"type":"VIRTUAL","data":)" + array + R"(,"sequence":)" + std::to_string(next_) + "}"});
    check(store_->polls().commit(part));
  }

  template <class T>
  static void check(const Result<T>& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }

 private:
  SystemClock clock_;
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::uint64_t next_ = 1;
};

// A page of so many rows.
void BM_CommitPage(benchmark::State& state) {
  State kept;
  const auto rows = static_cast<int>(state.range(0));
  const auto array = array_of(rows);
  for (auto _ : state) kept.commit(1, array, rows);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(array.size()));
}
BENCHMARK(BM_CommitPage)->Arg(1)->Arg(100)->Arg(1000)->Iterations(200)->Unit(benchmark::kMicrosecond);

// So many polls that found nothing, in one go.
void BM_Checked(benchmark::State& state) {
  State kept;
  std::vector<std::pair<std::string, Instant>> checks;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    checks.emplace_back("w" + std::to_string(i), Instant{});
    State::check(kept.store().polls().webhook(checks.back().first));
  }
  for (auto _ : state) {
    for (auto& check : checks) check.second += std::chrono::seconds(1);
    State::check(kept.store().polls().checked(checks));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Checked)->Arg(1)->Arg(1000)->Iterations(50)->Unit(benchmark::kMicrosecond);

// A 2xx for so many pages of one record, in one go; divide by the argument for one.
void BM_Receipts(benchmark::State& state) {
  State kept;
  const auto count = static_cast<int>(state.range(0));
  const auto array = array_of(1);
  std::uint64_t sequence = 1;
  for (auto _ : state) {
    state.PauseTiming();
    kept.commit(count, array, 1);
    std::vector<Receipt> receipts;
    for (int i = 0; i < count; ++i) receipts.push_back({.webhook_id = "orders", .sequence = sequence++, .keep = {}});
    state.ResumeTiming();
    for (const auto& result : kept.store().outbox().delivered(receipts)) State::check(result);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(BM_Receipts)->Arg(1)->Arg(64)->Iterations(100)->Unit(benchmark::kMicrosecond);

// The first page of a queue of so many: must not hang on its length.
void BM_Head(benchmark::State& state) {
  State kept;
  kept.commit(static_cast<int>(state.range(0)), array_of(1), 1);
  for (auto _ : state) benchmark::DoNotOptimize(kept.store().outbox().head("orders"));
}
BENCHMARK(BM_Head)->Arg(1)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vhookd::bench
