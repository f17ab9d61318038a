// What is possible for many small POSTs: a bare libcurl multi loop that keeps one request of each of WEBHOOKS
// endpoints in flight until POSTS are answered. Bodies are made and signed beforehand.
//
//   bench_posts HOOK_URL WEBHOOKS POSTS
#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::size_t swallow(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

CURL* endpoint(const char* url, const std::string& body, curl_slist* headers) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &swallow);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  return easy;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_posts HOOK_URL WEBHOOKS POSTS\n");
    return 64;
  }
  const int webhooks = std::atoi(argv[2]);
  const int posts = std::atoi(argv[3]);
  const std::string body =
      R"({"type":"VIRTUAL","webhook":{"id":"floor"},"data":[{"id":1,"customer_id":98765432,)"
      R"("status":"paid","total":"1299.90","paid":true,"address":"12 Long Street, 34567 Some Town",)"
      R"("note":"leave it at the door, not the window","meta":{"source":"web","coupon":null},)"
      R"("created_at":"2026-11-23T09:00:00Z","updated_at":"2026-11-23T10:11:12.5Z"}],"sequence":42})";
  curl_slist* headers = nullptr;
  for (const char* line : {"content-type: application/json", "webhook-id: msg_0123456789abcdef0123456789abcdef",
                           "webhook-timestamp: 1795424400",
                           "expect:", "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="})
    headers = curl_slist_append(headers, line);
  CURLM* multi = curl_multi_init();
  int started = 0;
  for (int i = 0; i < webhooks && started < posts; ++i, ++started)
    curl_multi_add_handle(multi, endpoint(argv[1], body, headers));
  for (int done = 0; done < posts;) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* easy = message->easy_handle;
      if (message->data.result != CURLE_OK) {
        std::fprintf(stderr, "posts: %s\n", curl_easy_strerror(message->data.result));
        return 1;
      }
      ++done;
      curl_multi_remove_handle(multi, easy);
      if (started < posts) {
        curl_multi_add_handle(multi, easy);
        ++started;
      }
    }
    curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  return 0;
}
