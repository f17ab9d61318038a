// What every floor does with a page: sign it as vhookd would and POST it, waiting for the answer.
#pragma once

#include <memory>
#include <string>

#include "core/signing_key.h"

namespace vhookd::bench {

class Poster {
 public:
  Poster(std::string url, Secret secret);
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;
  ~Poster();

  // `data`: the page's whole array. Ends the process where the answer is not a 200.
  void post(std::string_view data);

 private:
  struct Curl;
  std::unique_ptr<Curl> curl_;
  std::string url_;
  Secret secret_;
  SigningKey key_ = secret_;
  std::uint64_t sequence_ = 0;
};

// Gathers rows into pages of `page_rows` and posts each.
class Pages {
 public:
  Pages(Poster& poster, int page_rows) : poster_(poster), page_rows_(page_rows) {}
  std::string& next() {  // where the next record is to be appended
    data_ += rows_ == 0 ? '[' : ',';
    ++rows_;
    return data_;
  }
  void appended() {
    if (rows_ == page_rows_) flush();
  }
  void flush();

 private:
  Poster& poster_;
  int page_rows_;
  std::string data_;
  int rows_ = 0;
};

}  // namespace vhookd::bench
