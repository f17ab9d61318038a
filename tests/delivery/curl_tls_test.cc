// Private authorities, certificates of our own, and sessions that are resumed, against a real TLS server.
#include <csignal>

#include "tests/delivery/transport_fixture.h"
#include "tests/support/tls_server.h"

namespace vhookd::testing {
namespace {

using Why = Unanswered::Why;

class CurlTlsTest : public CurlTransportTest {
 protected:
  // As the daemon has it: OpenSSL writes a last alert to a connection that the other side may have closed.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  Request to(const TlsServer& server, config::Tls tls) {
    Request one = request(server.url());
    one.tls = std::make_shared<const config::Tls>(std::move(tls));
    return one;
  }
  config::Tls trusting(const Authority& authority) { return {.ca = Secret(authority.pem()), .cert = {}, .key = {}}; }

  const Authority ours;
};

TEST_F(CurlTlsTest, OnlyAnAuthorityThatIsNamedVouches) {
  const TlsServer server(ours.issue("IP:127.0.0.1"));
  EXPECT_EQ(unanswered(request(server.url())).why, Why::tls);
  EXPECT_EQ(unanswered(to(server, {})).why, Why::tls);
  const Authority other;
  EXPECT_EQ(unanswered(to(server, trusting(other))).why, Why::tls);
  EXPECT_EQ(server.requests(), 0);
  EXPECT_EQ(answered(to(server, trusting(ours))).status, 200);
  EXPECT_EQ(unanswered(request(server.url())).why, Why::tls) << "trust is of the one request";
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(CurlTlsTest, TheNameIsCheckedUnderAPrivateAuthorityToo) {
  const TlsServer server(ours.issue("DNS:elsewhere.test"));
  EXPECT_EQ(unanswered(to(server, trusting(ours))).why, Why::tls);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(CurlTlsTest, ACertificateOfOurOwnIsShownWhereItIsGiven) {
  const Authority clients;
  const TlsServer server(ours.issue("IP:127.0.0.1"), clients.pem());
  (void)unanswered(to(server, trusting(ours)));
  EXPECT_EQ(server.requests(), 0) << "none was shown";
  config::Tls tls = trusting(ours);
  const Issued own = clients.issue("DNS:client.test");
  tls.cert = Secret(own.cert);
  tls.key = Secret(own.key);
  EXPECT_EQ(answered(to(server, tls)).status, 200);
  const Issued strange = ours.issue("DNS:client.test");
  tls.cert = Secret(strange.cert);
  tls.key = Secret(strange.key);
  (void)unanswered(to(server, tls));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(CurlTlsTest, ANewConnectionResumesTheLastSession) {
  const TlsServer server(ours.issue("IP:127.0.0.1"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(answered(to(server, trusting(ours))).status, 200);
  EXPECT_EQ(server.handshakes(), 4) << "each connection was closed";
  EXPECT_EQ(server.resumed(), 3);
}

}  // namespace
}  // namespace vhookd::testing
