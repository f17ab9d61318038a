#include "bench/floor/poster.h"

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/crypto.h"
#include "core/page_body.h"
#include "delivery/sign.h"
#include "scheduler/payload/page_builder.h"

namespace vhookd::bench {

struct Poster::Curl {
  CURL* easy = curl_easy_init();
};

namespace {

std::size_t swallow(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

}  // namespace

Poster::Poster(std::string url, Secret secret)
    : curl_(std::make_unique<Curl>()), url_(std::move(url)), secret_(std::move(secret)) {
  curl_easy_setopt(curl_->easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(curl_->easy, CURLOPT_POST, 1L);
  curl_easy_setopt(curl_->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(curl_->easy, CURLOPT_WRITEFUNCTION, &swallow);
}

Poster::~Poster() {
  curl_easy_cleanup(curl_->easy);
}

void Poster::post(std::string_view data) {
  const auto body =
      envelope(PageType::virtual_, R"({"id":"floor","event":"updated"})", data, ++sequence_, secret_, random_id());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string id = "msg_" + random_id();
  const std::string lines[] = {"content-type: application/json", "webhook-id: " + id,
                               "webhook-timestamp: " + std::to_string(now.time_since_epoch().count()),
                               "webhook-signature: " + standard_signature(std::span(&key_, 1), id, now, body),
                               "expect:"};
  curl_slist* headers = nullptr;
  for (const auto& line : lines) headers = curl_slist_append(headers, line.c_str());
  curl_easy_setopt(curl_->easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl_->easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl_->easy, CURLOPT_POSTFIELDS, body.data());
  const auto code = curl_easy_perform(curl_->easy);
  long status = 0;
  curl_easy_getinfo(curl_->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  if (code == CURLE_OK && status == 200) return;
  std::fprintf(stderr, "floor: %s, status %ld\n", curl_easy_strerror(code), status);
  std::exit(1);
}

void Pages::flush() {
  if (rows_ == 0) return;
  data_ += ']';
  poster_.post(data_);
  data_.clear();
  rows_ = 0;
}

}  // namespace vhookd::bench
