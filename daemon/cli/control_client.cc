#include "daemon/cli/control_client.h"

#include <curl/curl.h>

#include <cerrno>
#include <cstring>

namespace vhookd {

namespace {

constexpr std::size_t largest_answer = std::size_t{64} << 20;

struct Headers {
  curl_slist* list = nullptr;
  explicit Headers(const char* line) : list(curl_slist_append(nullptr, line)) {}
  ~Headers() { curl_slist_free_all(list); }
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
};

std::size_t append(char* data, std::size_t one, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + one * count > largest_answer) return 0;
  body.append(data, one * count);
  return one * count;
}

// The result for one socket. `unreached`: no daemon received the request, so the next socket may be tried.
struct Attempt {
  std::optional<Reply> reply;
  bool unreached = false;
  std::string why;
};

Attempt send(const std::string& socket, const std::string& method, const std::string& path, const std::string& body,
             std::optional<std::chrono::milliseconds> timeout) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) return {std::nullopt, true, "out of memory"};
  CURL* curl = handle.get();
  const Headers headers("content-type: application/json");
  const std::string url = "http://localhost" + path;
  Reply reply;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  if (timeout) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout->count()));
  if (method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return {std::move(reply), false, {}};
  }
  long error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
  const bool unreached = code == CURLE_COULDNT_CONNECT;
  return {std::nullopt, unreached,
          unreached && error != 0 ? std::strerror(static_cast<int>(error)) : curl_easy_strerror(code)};
}

}  // namespace

Result<Reply> ControlClient::call(const std::string& method, const std::string& path, const std::string& body,
                                  std::optional<std::chrono::milliseconds> timeout) const {
  std::string tried;
  for (const auto& socket : where_.candidates) {
    Attempt attempt = send(socket, method, path, body, timeout);
    if (attempt.reply) return std::move(*attempt.reply);
    if (!attempt.unreached) {
      return fail(Recourse::reconnect, "the daemon on " + socket + " did not answer: " + attempt.why);
    }
    tried += (tried.empty() ? "" : ", ") + socket + " (" + attempt.why + ")";
    // A daemon listens there, but this user has no access. The next socket could belong to another daemon.
    if (attempt.why == std::strerror(EACCES)) {
      return fail(Recourse::reconnect, "no permission to connect to the daemon on " + socket +
                                           "; run this command as root or as the daemon's user");
    }
  }
  std::string text = "no daemon answers on " + tried + "; check that vhookd is running: systemctl status vhookd";
  for (const auto& note : where_.notes) text += "\n  " + note;
  return fail(Recourse::reconnect, std::move(text));
}

}  // namespace vhookd
