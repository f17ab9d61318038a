// Where CurlTransport goes and with whom it speaks: egress, proxies, TLS.
#include <gtest/gtest.h>
#include <microhttpd.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/delivery/transport_fixture.h"
#include "tests/support/fake_names.h"
#include "tests/support/raw_server.h"

namespace vhookd {
namespace {

using namespace std::chrono_literals;
using testing::CurlTransportTest;
using testing::ok;
using testing::RawConnection;
using testing::RawServer;
using testing::request;
using Why = Unanswered::Why;

TEST_F(CurlTransportTest, TheEnvironmentsProxiesAreIgnored) {
  RawServer proxy(testing::always(ok()));
  RawServer server(testing::always("HTTP/1.1 202 Mine\r\ncontent-length: 0\r\n\r\n"));
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) setenv(name, proxy.url().c_str(), 1);
  EXPECT_EQ(answered(request(server.url())).status, 202);
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(CurlTransportTest, ANameThatLeadsInsideIsRefused) {
  RawServer server(testing::always(ok()));
  testing::set_addresses("inside.test", {"127.0.0.1"});
  testing::set_addresses("metadata.test", {"169.254.169.254"});
  testing::set_addresses("mapped.test", {"::ffff:127.0.0.1"});
  for (const std::string host :
       {"inside.test", "mapped.test", "metadata.test", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"}) {
    const Unanswered none = unanswered(request(server.url(host)));
    EXPECT_EQ(none.why, Why::refused_by_egress) << none.text;
    EXPECT_FALSE(none.sent);
    EXPECT_TRUE(none.text.starts_with(host + ": ")) << none.text;
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(unanswered(request("http://169.254.169.254/")).why, Why::refused_by_egress);
}

// DNS rebinding: the name is good when somebody looks, and leads inside when it is dialled.
TEST_F(CurlTransportTest, ANameThatFlipsIsDialledOnlyWhereItMay) {
  RawServer server(testing::always("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), "0.0.0.0");
  int permitted = 0;
  for (const std::string address :
       {"127.0.0.2", "127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", "127.0.0.2", "10.0.0.1"}) {
    testing::set_addresses("flips.test", {address});
    CurlTransport fresh = with({.allow = {"127.0.0.2/32"}, .deny = {}});  // its resolver has kept nothing
    fresh.start(request(server.url("flips.test")));
    const auto outcome = fresh.wait(20s).at(0);
    const auto* none = std::get_if<Unanswered>(&outcome.result);
    if (address == "127.0.0.2") {
      EXPECT_FALSE(none) << none->text;
      ++permitted;
    } else {
      ASSERT_TRUE(none) << address;
      EXPECT_EQ(none->why, Why::refused_by_egress) << none->text;
    }
  }
  EXPECT_EQ(server.connections(), permitted);
  // The same transport, from one request to the next: whatever it remembers of the name, it dials no other address.
  testing::set_addresses("flips.test", {"127.0.0.2"});
  CurlTransport one = with({.allow = {"127.0.0.2/32"}, .deny = {}});
  one.start(request(server.url("flips.test")));
  EXPECT_TRUE(std::holds_alternative<Answered>(one.wait(20s).at(0).result));
  testing::set_addresses("flips.test", {"127.0.0.1"});
  RawServer inside(testing::always(ok()), "127.0.0.1");
  one.start(request(inside.url("flips.test")));
  EXPECT_TRUE(std::holds_alternative<Unanswered>(one.wait(20s).at(0).result));
  EXPECT_EQ(inside.connections(), 0);
}

TEST_F(CurlTransportTest, AddressesInDisguiseAreNotDialled) {
  RawServer server(testing::always(ok()), "0.0.0.0");
  testing::set_addresses("nat64.test", {"64:ff9b::7f00:1"});
  testing::set_addresses("sixtofour.test", {"2002:7f00:1::1"});
  testing::set_addresses("localnat64.test", {"64:ff9b:1::a9fe:a9fe"});
  for (const std::string host : {"nat64.test", "sixtofour.test", "localnat64.test", "0", "0.0.0.0", "0x7f000001",
                                 "017700000001", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"}) {
    const Unanswered none = unanswered(request(server.url(host)));
    EXPECT_EQ(none.why, Why::refused_by_egress) << host << ": " << none.text;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlTransportTest, TheNetrcIsNotRead) {
  const std::string home = ::testing::TempDir() + "vhookd-netrc-" + std::to_string(getpid());
  std::filesystem::create_directories(home);
  std::ofstream(home + "/.netrc") << "machine 127.0.0.1 login somebody password hunter2\n";
  const char* before = std::getenv("HOME");
  const std::string old = before ? before : "";
  setenv("HOME", home.c_str(), 1);
  std::string seen;
  {
    RawServer server([&](RawConnection& connection) {
      while (auto one = connection.request()) {
        seen = *one;
        connection.send(ok());
      }
    });
    EXPECT_EQ(answered(request(server.url())).status, 200);
  }
  setenv("HOME", old.c_str(), 1);
  std::filesystem::remove_all(home);
  EXPECT_NE(seen.find("webhook-id"), seen.npos);
  EXPECT_EQ(seen.find("uthorization"), seen.npos) << seen;
}

TEST_F(CurlTransportTest, WhatTheOperatorPermitsIsDialled) {
  RawServer server(testing::always(ok()));
  testing::set_addresses("inside.test", {"127.0.0.1"});
  EXPECT_EQ(answered(request(server.url("127.0.0.1"))).status, 200);
  EXPECT_EQ(answered(request(server.url("localhost"))).status, 200);
  CurlTransport allowing = with({.allow = {"127.0.0.0/8"}, .deny = {}});
  allowing.start(request(server.url("inside.test")));
  EXPECT_TRUE(std::holds_alternative<Answered>(allowing.wait(20s).at(0).result));
}

TEST_F(CurlTransportTest, OfSeveralAddressesAPermittedOneIsDialled) {
  RawServer server(testing::always(ok()));
  testing::set_addresses("both.test", {"10.255.255.1", "127.0.0.1"});
  CurlTransport allowing = with({.allow = {"127.0.0.0/8"}, .deny = {}});
  allowing.start(request(server.url("both.test")));
  EXPECT_TRUE(std::holds_alternative<Answered>(allowing.wait(20s).at(0).result));
}

TEST_F(CurlTransportTest, AKeptConnectionPermitsNobodyElse) {
  RawServer server(testing::always(ok()));
  EXPECT_EQ(answered(request(server.url("127.0.0.1"))).status, 200);
  const Unanswered none = unanswered(request(server.url("2130706433")));  // to libcurl the same host
  EXPECT_EQ(none.why, Why::refused_by_egress) << none.text;
  EXPECT_FALSE(none.sent);
}

TEST_F(CurlTransportTest, NewRulesHoldForKeptConnectionsToo) {
  RawServer server(testing::always(ok()));
  EXPECT_EQ(answered(request(server.url())).status, 200);
  transport.set_egress({.allow = {}, .deny = {"127.0.0.1/32"}});
  EXPECT_EQ(unanswered(request(server.url())).why, Why::refused_by_egress);
  transport.set_egress({});
  EXPECT_EQ(answered(request(server.url())).status, 200);
}

TEST_F(CurlTransportTest, TlsIsNotPlainText) {
  RawServer server([](RawConnection& connection) {
    connection.gone_within(1s);
    connection.send("HTTP/1.1 400 this is no TLS\r\n\r\n");
    connection.wait_until_gone();
  });
  const Unanswered none = unanswered(request("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  EXPECT_EQ(none.why, Why::tls) << none.text;
  EXPECT_FALSE(none.sent);
}

TEST_F(CurlTransportTest, ATlsHandshakeThatHangsEnds) {
  RawServer server([](RawConnection& connection) { connection.wait_until_gone(); });
  const Unanswered none = unanswered(request("https://127.0.0.1:" + std::to_string(server.port()) + "/", 1, 300ms));
  EXPECT_EQ(none.why, Why::connect) << none.text;
  EXPECT_FALSE(none.sent);
}

std::string text_of_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

// An HTTPS server for 127.0.0.1 whose certificate only it itself has signed.
class SelfSignedServer {
 public:
  SelfSignedServer() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME* name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_sign(cert, key, EVP_sha256());
    BIO* key_bio = BIO_new(BIO_s_mem());
    BIO* cert_bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_bio_X509(cert_bio, cert);
    key_ = text_of_bio(key_bio);
    cert_ = text_of_bio(cert_bio);
    X509_free(cert);
    EVP_PKEY_free(key);
    daemon_ = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS, 0, nullptr, nullptr, &answer, this,
                               MHD_OPTION_HTTPS_MEM_KEY, key_.c_str(), MHD_OPTION_HTTPS_MEM_CERT, cert_.c_str(),
                               MHD_OPTION_END);
  }
  ~SelfSignedServer() { MHD_stop_daemon(daemon_); }
  SelfSignedServer(const SelfSignedServer&) = delete;
  SelfSignedServer& operator=(const SelfSignedServer&) = delete;

  std::string url() const {
    const auto port = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
    return "https://127.0.0.1:" + std::to_string(port) + "/";
  }
  int requests() const { return requests_; }

 private:
  static MHD_Result answer(void* self, MHD_Connection*, const char*, const char*, const char*, const char*,
                           std::size_t*, void**) {
    ++static_cast<SelfSignedServer*>(self)->requests_;
    return MHD_NO;
  }

  std::string key_, cert_;
  std::atomic<int> requests_{0};
  MHD_Daemon* daemon_ = nullptr;
};

TEST_F(CurlTransportTest, ACertificateNobodyVouchesForIsRefused) {
  const SelfSignedServer server;
  const Unanswered none = unanswered(request(server.url()));
  EXPECT_EQ(none.why, Why::tls) << none.text;
  EXPECT_FALSE(none.sent);
  EXPECT_NE(none.text.find("certificate"), none.text.npos) << none.text;
  EXPECT_EQ(server.requests(), 0);
}

}  // namespace
}  // namespace vhookd
