#include "daemon/cli/daemon_request.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/output/exit_code.h"
#include "daemon/output/percent_encode.h"
#include "daemon/output/terminal.h"

namespace vhookd {

std::expected<Json, int> request_json(const ControlClient& daemon, const std::string& method, const std::string& path,
                                      const std::string& body, std::optional<std::chrono::milliseconds> timeout,
                                      int invalid) {
  const auto reply = daemon.call(method, path, body, timeout);
  if (!reply) {
    print_error(reply.error().message);
    return std::unexpected(exit_code::not_reachable);
  }
  Json answer = Json::parse(reply->body, nullptr, false);
  if (reply->status == 200 && !answer.is_discarded()) return answer;
  const std::string error = answer.is_object() ? text_of(answer, "error") : "";
  print_error(error.empty() ? "the daemon answered status " + std::to_string(reply->status) + " without a reason"
                            : printable(error));
  if (answer.is_object() && answer.contains("details") && answer["details"].is_array()) {
    for (const auto& detail : answer["details"]) {
      if (detail.is_string()) std::fprintf(stderr, "  %s\n", printable(detail.get<std::string>()).c_str());
    }
  }
  return std::unexpected(reply->status == 400 ? invalid : exit_code::failed);
}

std::expected<Json, int> request_webhooks(const ControlClient& daemon, const std::string& id,
                                          std::chrono::milliseconds timeout) {
  if (!id.empty()) {
    auto one = request_json(daemon, "GET", webhook_path(id), {}, timeout);
    if (!one) return one;
    return Json::array({std::move(*one)});
  }
  constexpr std::size_t batch = 1000;
  Json all = Json::array();
  for (;;) {
    const std::string cut = "?limit=" + std::to_string(batch) + "&offset=" + std::to_string(all.size());
    auto some = request_json(daemon, "GET", "/unified/webhook" + cut, {}, timeout);
    if (!some) return some;
    if (!some->is_array()) {
      print_error("the daemon's answer is not a list of webhooks");
      return std::unexpected(exit_code::failed);
    }
    for (auto& webhook : *some) all.push_back(std::move(webhook));
    if (some->size() < batch) return all;
  }
}

std::string webhook_path(const std::string& id, const std::string& rest) {
  return "/unified/webhook/" + percent_encoded(id) + rest;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}
void print_error(const std::string& text) {
  std::fprintf(stderr, "vhookd: %s\n", text.c_str());
}
void print_json(const Json& json) {
  print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool flag_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace vhookd
