#include "connectors/sqlite/range_hash.h"

#include <sqlite3.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>

#include "core/range_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace vhookd::sqlite {

namespace {

template <class Number>
void append(std::string& bytes, Number number) {
  char raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  bytes.append(raw, sizeof raw);
}

// False: out of memory.
bool append_cell(std::string& bytes, sqlite3_value* cell) {
  const int type = sqlite3_value_type(cell);
  bytes += static_cast<char>(type);
  if (type == SQLITE_INTEGER) append(bytes, sqlite3_value_int64(cell));
  if (type == SQLITE_FLOAT) append(bytes, sqlite3_value_double(cell));
  if (type != SQLITE_TEXT && type != SQLITE_BLOB) return true;
  // A text is asked for as UTF-8 first, its length after that.
  const void* start = type == SQLITE_TEXT ? sqlite3_value_text(cell) : sqlite3_value_blob(cell);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(cell));
  if (start == nullptr && (size != 0 || type == SQLITE_TEXT)) return false;
  append(bytes, static_cast<std::uint64_t>(size));
  if (size != 0) bytes.append(static_cast<const char*>(start), size);
  return true;
}

// Adds the row's hashes; false: the context has an error.
bool add_row(sqlite3_context* context, int count, sqlite3_value** cells, RangeHash& sums) {
  thread_local std::string bytes;  // kept, so that a row costs no allocation
  bytes.clear();
  for (sqlite3_value* cell : std::span(cells, static_cast<std::size_t>(count))) {
    if (append_cell(bytes, cell)) continue;
    sqlite3_result_error_nomem(context);
    return false;
  }
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  sums.add(hash.low64, hash.high64);
  return true;
}

void give(sqlite3_context* context, const RangeHash& sums) {
  const auto text = sums.text();
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

// No exception may pass through SQLite; memory is the only thing that can be missing here.
template <class F>
void guarded(sqlite3_context* context, F&& f) {
  try {
    f();
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

void hash(sqlite3_context* context, int count, sqlite3_value** cells) {
  guarded(context, [&] {
    RangeHash sums;
    if (add_row(context, count, cells, sums)) give(context, sums);
  });
}

// SQLite's room for an aggregate is aligned to 8 bytes, which is not enough for a RangeHash: it holds a pointer.
RangeHash** sums_of(sqlite3_context* context, bool make) {
  return static_cast<RangeHash**>(sqlite3_aggregate_context(context, make ? sizeof(RangeHash*) : 0));
}

void step(sqlite3_context* context, int count, sqlite3_value** cells) {
  guarded(context, [&] {
    RangeHash** sums = sums_of(context, true);
    if (sums == nullptr) return sqlite3_result_error_nomem(context);
    if (*sums == nullptr) *sums = std::make_unique<RangeHash>().release();
    (void)add_row(context, count, cells, **sums);
  });
}

void finish(sqlite3_context* context) {
  guarded(context, [&] {
    RangeHash** sums = sums_of(context, false);
    const std::unique_ptr<RangeHash> owned(sums == nullptr ? nullptr : *sums);
    give(context, owned == nullptr ? RangeHash() : *owned);
  });
}

}  // namespace

int add_range_hash_functions(sqlite3* db) {
  // DIRECTONLY: a view or an index expression in the file has no business with them.
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  const int code = sqlite3_create_function_v2(db, "vhookd_hash", -1, flags, nullptr, hash, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return code;
  return sqlite3_create_function_v2(db, "vhookd_fingerprint", -1, flags, nullptr, nullptr, step, finish, nullptr);
}

}  // namespace vhookd::sqlite
