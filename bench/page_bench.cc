// What a row costs on its way into a page: encode, escape, digest, key, envelope and signature. The figures to
// quote are the ratios within one run: each stage against BM_Copy, which only copies the row's text.
#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>
#include <string>

#include "bench/rows.h"
#include "core/key.h"
#include "core/page_body.h"
#include "core/signing_key.h"
#include "delivery/sign.h"
#include "scheduler/detect/digest.h"
#include "scheduler/payload/encode.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd::bench {
namespace {

constexpr int rows_a_page = 1000;

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
  const auto write = writer();
  std::string out;
  for (auto _ : state) {
    out.clear();
    write.append(out, row);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(BM_Encode);

// Texts of 50 bytes; the argument is how many of them have to be escaped.
void BM_Escape(benchmark::State& state) {
  std::string text(50, 'x');
  for (std::int64_t i = 0; i < state.range(0); ++i) text[static_cast<std::size_t>(i * 50 / state.range(0))] = '"';
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_json_string(out, text);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_Escape)->Arg(0)->Arg(2)->Arg(50);

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
  const std::string data = array_of(rows_a_page);
  const Secret secret(std::string(32, 'k'));
  for (auto _ : state) {
    const auto body = envelope(PageType::virtual_, R"({"id":"orders"})", data, 42, secret, "0123456789abcdef");
    benchmark::DoNotOptimize(body.data());
  }
}
BENCHMARK(BM_Envelope);

// The webhook-signature header of a body of so many records: by a shared secret, by an ed25519 key.
void sign(benchmark::State& state, SigningKey::Kind kind) {
  const std::string body = array_of(static_cast<int>(state.range(0)));
  const SigningKey key(Secret(std::string(32, 'k')), kind);
  const std::chrono::sys_seconds moment{std::chrono::seconds(1'795'424'400)};
  for (auto _ : state) {
    const auto header = standard_signature(std::span(&key, 1), "msg_0123456789abcdef0123456789abcdef", moment, body);
    benchmark::DoNotOptimize(header.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(sign, BM_SignShared, SigningKey::Kind::shared)->Arg(1)->Arg(rows_a_page);
BENCHMARK_CAPTURE(sign, BM_SignEd25519, SigningKey::Kind::ed25519)->Arg(1);

}  // namespace
}  // namespace vhookd::bench

BENCHMARK_MAIN();
