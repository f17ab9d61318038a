#include "scheduler/payload/received_payload.h"

#include <simdjson.h>

namespace vhookd {

namespace {

using Failure = std::unexpected<std::string>;
namespace ondemand = simdjson::ondemand;

// Empty, or why this is no JSON. A number beyond what a double holds is JSON all the same; a json
// column may bring one.
std::string why_no_json(const simdjson::padded_string& padded) {
  simdjson::dom::parser parser;
  const auto error = parser.parse(padded).error();
  return error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR ? "" : simdjson::error_message(error);
}

std::expected<ReceivedPayload, std::string> read_fields(ondemand::object& top) {
  ReceivedPayload out;
  std::string_view text;
  if (top["webhook"]["id"].get(text)) return Failure("webhook.id is missing or no string");
  out.webhook_id = text;
  if (top["type"].get(text)) return Failure("type is missing or no string");
  out.type = text;
  if (out.type != "INITIAL-PARTIAL" && out.type != "INITIAL-COMPLETE" && out.type != "VIRTUAL") {
    return Failure("type is none of INITIAL-PARTIAL, INITIAL-COMPLETE, VIRTUAL");
  }
  if (top["sequence"].get(out.sequence) || out.sequence == 0)
    return Failure("sequence is missing or no positive number");
  if (!top["sig256"].get(text)) {
    out.sig256 = text;
    if (top["nonce"].get(text)) return Failure("sig256 stands without a nonce");
    out.nonce = text;
  }
  ondemand::array data;
  std::size_t records = 0;
  if (top["data"].get_array().get(data) || data.count_elements().get(records) || data.raw_json().get(text)) {
    return Failure("data is missing or no array");
  }
  out.records = static_cast<std::int64_t>(records);
  out.data = text.substr(0, text.rfind(']') + 1);  // raw_json runs on to the next token
  return out;
}

}  // namespace

std::expected<ReceivedPayload, std::string> read_payload(std::string_view body) {
  const simdjson::padded_string padded(body);
  if (const std::string why = why_no_json(padded); !why.empty()) return Failure("the body is not JSON: " + why);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object top;
  if (parser.iterate(padded).get(document) || document.get_object().get(top))
    return Failure("the body is not a JSON object");
  auto out = read_fields(top);
  if (out) out->data = body.substr(static_cast<std::size_t>(out->data.data() - padded.data()), out->data.size());
  return out;
}

std::vector<std::string> split_records(std::string_view data) {
  const simdjson::padded_string padded(data);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::array records;
  std::vector<std::string> out;
  if (parser.iterate(padded).get(document) || document.get_array().get(records)) return out;
  for (auto record : records) {
    std::string_view raw;
    if (simdjson::to_json_string(record).get(raw)) break;
    out.emplace_back(raw);
  }
  return out;
}

}  // namespace vhookd
