#include "scheduler/checkpoint.h"

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

}  // namespace vhookd
