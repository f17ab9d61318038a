// The row that is measured with: ten columns of the usual types, about 340 bytes as JSON.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/value.h"
#include "scheduler/payload/encode.h"

namespace vhookd::bench {

inline const std::vector<std::string> names = {"id",      "customer_id", "status", "total",      "paid",
                                               "address", "note",        "meta",   "created_at", "updated_at"};
inline constexpr std::array<Value, 10> row = {
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

inline RecordWriter writer() {
  return {names, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
}

// The array of a page: `rows` records.
inline std::string array_of(int rows) {
  const auto write = writer();
  std::string data = "[";
  for (int i = 0; i < rows; ++i) {
    if (i > 0) data += ',';
    write.append(data, row);
  }
  return data + "]";
}

}  // namespace vhookd::bench
