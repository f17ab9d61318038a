// What a row costs on its way into a page: encode, digest, key, envelope and signature. The figures to
// quote are the ratios within one run: each stage against BM_Copy, which only copies the row's text.
#include <benchmark/benchmark.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/crypto.h"
#include "scheduler/digest.h"
#include "scheduler/encode.h"
#include "scheduler/harvest.h"
#include "scheduler/key.h"

namespace vhookd {
namespace {

constexpr int rows_a_page = 1000;

// Ten columns of the usual types, about 340 bytes as JSON.
const std::vector<std::string> names = {"id",      "customer_id", "status", "total",      "paid",
                                        "address", "note",        "meta",   "created_at", "updated_at"};
constexpr std::array<Value, 10> row = {
    Value{.kind = Kind::integer, .text = "1234567"},
    Value{.kind = Kind::integer, .text = "98765432"},
    Value{.kind = Kind::text, .text = "paid"},
    Value{.kind = Kind::decimal, .text = "1299.90"},
    Value{.kind = Kind::boolean, .text = "t"},
    Value{.kind = Kind::text, .text = "12 Long Street, 34567 Some Town, Some Country"},
    Value{.kind = Kind::text, .text = "leave it at the door, \"not\" the window\nthank you"},
    Value{.kind = Kind::json, .text = R"({"source": "web", "coupon": null})"},
    Value{.kind = Kind::timestamptz, .text = "2026-11-23 09:00:00.123456+00"},
    Value{.kind = Kind::timestamptz, .text = "2026-11-23 10:11:12.654321+00"}};

std::vector<std::size_t> positions() {
  std::vector<std::size_t> all(names.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

std::string page() {
  const RecordWriter writer(names, positions());
  std::string data = "[";
  for (int i = 0; i < rows_a_page; ++i) {
    if (i > 0) data += ',';
    writer.append(data, row);
  }
  return data + "]";
}

void BM_Copy(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (const auto& value : row) out += value.text;
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_Copy);

void BM_Encode(benchmark::State& state) {
  const RecordWriter writer(names, positions());
  std::string out;
  for (auto _ : state) {
    out.clear();
    writer.append(out, row);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(BM_Encode);

// The same record through a general JSON library, as a peer.
void BM_EncodeWithNlohmann(benchmark::State& state) {
  for (auto _ : state) {
    nlohmann::ordered_json record;
    for (std::size_t i = 0; i < names.size(); ++i) record[names[i]] = row[i].text;
    const auto out = record.dump();
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_EncodeWithNlohmann);

void BM_Digest(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(digest(row, row.size()));
}
BENCHMARK(BM_Digest);

void BM_Key(benchmark::State& state) {
  std::string key;
  for (auto _ : state) {
    key.clear();
    append_key(key, row[0]);
    benchmark::DoNotOptimize(key.data());
  }
}
BENCHMARK(BM_Key);

// A page of 1000 records from its array to the signed body; divide by 1000 for a row.
void BM_Envelope(benchmark::State& state) {
  const std::string data = page();
  const Secret secret(std::string(32, 'k'));
  for (auto _ : state) {
    const auto body = envelope(PageType::virtual_, R"({"id":"orders"})", data, 42, secret, "0123456789abcdef");
    benchmark::DoNotOptimize(body.data());
  }
}
BENCHMARK(BM_Envelope);

}  // namespace
}  // namespace vhookd

BENCHMARK_MAIN();
