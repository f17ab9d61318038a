// The body of one POST, read the way a receiver has to: the records also as the exact bytes that
// sig256 is made over. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

struct ReceivedPayload {
  std::string webhook_id;
  std::string type;
  std::uint64_t sequence = 0;
  std::int64_t records = 0;
  std::string nonce;
  std::string sig256;     // both empty: the sender has no secret
  std::string_view data;  // the array, from [ to ], a part of the body
};

// The body's JSON is checked whole. The error says what is missing or wrong.
std::expected<ReceivedPayload, std::string> read_payload(std::string_view body);

// The records of `data`, each as it stands there.
std::vector<std::string> split_records(std::string_view data);

}  // namespace vhookd
