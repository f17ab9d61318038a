#include "scheduler/detect/checkpoint.h"

#include <nlohmann/json.hpp>

#include "core/crypto.h"

namespace vhookd {

Result<nlohmann::json> read_checkpoint(const std::string& checkpoint) {
  if (checkpoint.empty()) return nlohmann::json();
  auto state = nlohmann::json::parse(checkpoint, nullptr, false);
  if (!state.is_object() || !state.contains("strategy") || !state["strategy"].is_string()) return foreign_checkpoint();
  return state;
}

std::unexpected<Error> foreign_checkpoint() {
  return fail(Recourse::ask_operator,
              "the stored checkpoint can't be read; the state file was changed by another program");
}

nlohmann::json write_params(const std::vector<Param>& params) {
  auto list = nlohmann::json::array();
  for (const auto& param : params) list.push_back({static_cast<int>(param.kind), base64(param.text)});
  return list;
}

std::vector<Param> read_params(const nlohmann::json& json) {
  std::vector<Param> params;
  for (const auto& item : json)
    params.push_back({.kind = static_cast<Kind>(item.at(0).get<int>()),
                      .null = false,
                      .text = decode_base64(item.at(1).get<std::string>()).value_or("")});
  return params;
}

nlohmann::json write_xids(const std::set<std::uint64_t>& xids) {
  auto list = nlohmann::json::array();
  for (auto at = xids.begin(); at != xids.end();) {
    const auto first = *at;
    auto last = first;
    for (++at; at != xids.end() && *at == last + 1; ++at) last = *at;
    if (last < first + 2) {
      for (auto xid = first; xid <= last; ++xid) list.push_back(xid);
    } else {
      list.push_back({first, last});
    }
  }
  return list;
}

std::set<std::uint64_t> read_xids(const nlohmann::json& json) {
  constexpr std::uint64_t longest = 10'000'000;  // what somebody edited by hand must not fill the memory
  std::set<std::uint64_t> xids;
  for (const auto& item : json) {
    const auto first = item.is_array() ? item.at(0).get<std::uint64_t>() : item.get<std::uint64_t>();
    const auto last = item.is_array() ? item.at(1).get<std::uint64_t>() : first;
    for (auto xid = first; xid <= last && xid - first < longest; ++xid) xids.insert(xids.end(), xid);
  }
  return xids;
}

}  // namespace vhookd
