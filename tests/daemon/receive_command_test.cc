#include "daemon/trial/receive_command.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

namespace vhookd {
namespace {

// The command in a thread, its output through a pipe.
class Running {
 public:
  explicit Running(ReceiveOptions options) {
    sigset_t signals;  // the whole program leaves them to the command
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    in_ = fdopen(ends[0], "r");
    options.port = 0;
    options.out = fdopen(ends[1], "w");
    thread_ = std::thread([this, options] {
      code_ = receive_command(options);
      std::fclose(options.out);
    });
  }
  ~Running() { std::fclose(in_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::string line() {
    std::string out;
    for (int c = std::fgetc(in_); c != EOF && c != '\n'; c = std::fgetc(in_)) out += static_cast<char>(c);
    return out;
  }
  int stop(int signal) {
    pthread_kill(thread_.native_handle(), signal);
    thread_.join();
    return code_;
  }

 private:
  std::FILE* in_ = nullptr;
  int code_ = -1;
  std::thread thread_;
};

void post(const std::string& url, const std::string& id, const std::string& body) {
  CURL* easy = curl_easy_init();
  curl_slist* list = curl_slist_append(nullptr, ("webhook-id: " + id).c_str());
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(
      easy, CURLOPT_WRITEFUNCTION, +[](char*, std::size_t, std::size_t n, void*) { return n; });
  EXPECT_EQ(curl_easy_perform(easy), CURLE_OK);
  curl_slist_free_all(list);
  curl_easy_cleanup(easy);
}

std::string body(int sequence) {
  return R"({"type":"VIRTUAL","webhook":{"id":"orders"},"data":[{"id":17,"s":"\u001b[2J"}],"sequence":)" +
         std::to_string(sequence) + "}";
}

std::string url_in(const std::string& line) {
  const std::size_t from = line.find("http://");
  return line.substr(from, line.find(';', from) - from);
}

TEST(ReceiveCommand, PrintsWhatComes) {
  Running command({.secrets = {}});
  const std::string first = command.line();
  EXPECT_NE(first.find("signatures are NOT verified, because --secret is not set"), first.npos) << first;
  EXPECT_EQ(command.line(), "TIME UTC  WEBHOOK               TYPE              SEQUENCE  RECORDS  SIGNATURE  NOTE");
  post(url_in(first), "a", body(1));
  EXPECT_EQ(command.line().substr(8), "  orders                VIRTUAL                  1        1  unchecked");
  EXPECT_EQ(command.line(), R"(          {"id":17,"s":"\u001b[2J"})");
  post(url_in(first), "a", body(1));
  EXPECT_EQ(command.line().substr(8),
            "  orders                VIRTUAL                  1        1  unchecked  duplicate");
  command.line();
  EXPECT_EQ(command.stop(SIGINT), 0);
  EXPECT_EQ(command.line(), "1 page with 1 record from 1 webhook, signatures not verified, no gap, 1 duplicate");
}

TEST(ReceiveCommand, AGapIsAFailure) {
  Running command({.secrets = {}, .quiet = true});
  const std::string url = url_in(command.line());
  command.line();
  post(url, "a", body(1));
  command.line();
  post(url, "d", body(4));
  EXPECT_NE(command.line().find("GAP: 2 to 3 missing"), std::string::npos);
  EXPECT_EQ(command.stop(SIGTERM), 1);
}

TEST(ReceiveCommand, SomethingUnverifiedIsAFailure) {
  Running command({.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, .quiet = true});
  const std::string first = command.line();
  EXPECT_NE(first.find("signatures are verified"), first.npos);
  command.line();
  post(url_in(first), "a", body(1));
  const std::string line = command.line();
  EXPECT_NE(line.find("bad        answered 401: webhook-timestamp"), line.npos) << line;
  EXPECT_EQ(command.stop(SIGINT), 1);
}

TEST(ReceiveCommand, ASecretThatIsNone) {
  EXPECT_EQ(receive_command({.port = 0, .secrets = {"hunter2"}}), 64);
}

}  // namespace
}  // namespace vhookd
