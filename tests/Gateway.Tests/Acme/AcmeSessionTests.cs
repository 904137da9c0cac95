using System.Net;
using System.Text;
using MeshGrains.Gateway.Acme;

namespace MeshGrains.Gateway.Tests.Acme;

public sealed class AcmeSessionTests : IDisposable
{
    private const string Directory =
        """{"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account","newOrder":"https://ca.test/order","renewalInfo":"https://ca.test/ari","meta":{"termsOfService":"https://ca.test/terms"}}""";

    private readonly FakeCa _ca = new();

    public void Dispose() => _ca.Dispose();

    [Fact]
    public async Task A_nonce_that_is_refused_is_replaced_and_one_that_is_always_refused_ends_it()
    {
        _ca.Answer("/account", HttpStatusCode.BadRequest, """{"type":"urn:ietf:params:acme:error:badNonce","detail":"old"}""", times: 3);
        _ca.Answer("/account", HttpStatusCode.Created, "{}");
        await (await OpenAsync()).EnterAsync("", "", null, CancellationToken.None);
        Assert.Equal(4, _ca.Asked.Count(path => path == "/account"));

        _ca.Answer("/account", HttpStatusCode.BadRequest, """{"type":"urn:ietf:params:acme:error:badNonce","detail":"old"}""", times: 1000);
        Assert.Equal("badNonce", (await Assert.ThrowsAsync<AcmeException>(async () => await (await OpenAsync()).EnterAsync("", "", null, CancellationToken.None))).Kind);
    }

    [Fact]
    public async Task A_refusal_is_told_in_one_bounded_line_with_the_time_to_stay_away()
    {
        _ca.RetryAfter = "7200";
        _ca.Answer("/order", HttpStatusCode.TooManyRequests, $$"""{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too\nmany {{new string('x', 5000)}}"}""");
        var refused = await Assert.ThrowsAsync<AcmeException>(async () => await (await OpenAsync()).OrderAsync("mesh.test", null, CancellationToken.None));
        Assert.Equal(("rateLimited", TimeSpan.FromHours(2)), (refused.Kind, refused.RetryAfter));
        Assert.StartsWith("The order was refused with HTTP 429: too many xxx", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Message.Length < 700);
        _ca.RetryAfter = "99999999";
        _ca.Answer("/order", HttpStatusCode.TooManyRequests, "");
        Assert.Equal(TimeSpan.FromDays(7), (await Assert.ThrowsAsync<AcmeException>(async () => await (await OpenAsync()).OrderAsync("mesh.test", null, CancellationToken.None))).RetryAfter);
    }

    [Fact]
    public async Task A_body_beyond_the_bound_and_a_URL_without_TLS_are_refused()
    {
        _ca.Answer("/order", HttpStatusCode.Created, new string(' ', 300 * 1024));
        await Assert.ThrowsAsync<AcmeException>(async () => await (await OpenAsync()).OrderAsync("mesh.test", null, CancellationToken.None));
        await Assert.ThrowsAsync<AcmeException>(async () => await (await OpenAsync()).GetOrderAsync(new Uri("http://ca.test/order/1"), CancellationToken.None));
        Assert.DoesNotContain("/order/1", _ca.Asked);
    }

    [Fact]
    public async Task What_is_no_directory_is_said_so()
    {
        _ca.Answer("/dir", HttpStatusCode.OK, "<html>");
        Assert.Contains("directory", (await Assert.ThrowsAsync<AcmeException>(OpenAsync)).Message, StringComparison.Ordinal);
        _ca.Answer("/dir", HttpStatusCode.OK, """{"newNonce":"https://ca.test/nonce"}""");
        await Assert.ThrowsAsync<AcmeException>(OpenAsync);
    }

    [Fact]
    public async Task A_CA_that_wants_a_binding_is_asked_for_no_account_without_one()
    {
        _ca.Answer("/dir", HttpStatusCode.OK, Directory.Replace("\"meta\":{", "\"meta\":{\"externalAccountRequired\":true,", StringComparison.Ordinal));
        var session = await OpenAsync();
        Assert.Contains("externalAccountKeyId", (await Assert.ThrowsAsync<AcmeException>(() => session.EnterAsync("", "", null, CancellationToken.None))).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("/account", _ca.Asked);
    }

    [Fact]
    public async Task The_CAs_window_for_a_renewal_is_read()
    {
        _ca.Answer("/ari/aki.serial", HttpStatusCode.OK, """{"suggestedWindow":{"start":"2026-01-02T04:00:00Z","end":"2026-01-03T04:00:00Z"},"explanationURL":"https://ca.test/why"}""");
        var session = await OpenAsync();
        Assert.True(session.HasRenewalInfo);
        var (info, _) = await session.RenewalInfoAsync("aki.serial", CancellationToken.None);
        Assert.Equal(TimeSpan.FromDays(1), info.SuggestedWindow!.End - info.SuggestedWindow.Start);
    }

    private Task<AcmeSession> OpenAsync() =>
        AcmeSession.OpenAsync(new AcmeHttp(_ca, TimeProvider.System), AcmeAccountKey.Create(), new Uri("https://ca.test/dir"), CancellationToken.None);

    /// <summary>Answers each path with what was put there, the last for ever.</summary>
    private sealed class FakeCa : HttpMessageHandler
    {
        private readonly Dictionary<string, Queue<(HttpStatusCode Status, string Body)>> _answers = [];
        private int _nonces;

        public List<string> Asked { get; } = [];

        public string? RetryAfter { get; set; }

        public void Answer(string path, HttpStatusCode status, string body, int times = 1)
        {
            if (!_answers.TryGetValue(path, out var queue))
            {
                _answers[path] = queue = new();
            }

            if (queue.Count == 1)
            {
                // What stood there for ever gives way.
                queue.Clear();
            }

            for (var i = 0; i < times; i++)
            {
                queue.Enqueue((status, body));
            }
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            Asked.Add(path);
            var (status, body) = _answers.TryGetValue(path, out var queue) ? queue.Count > 1 ? queue.Dequeue() : queue.Peek() : (HttpStatusCode.OK, path == "/dir" ? Directory : "");
            var response = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            response.Headers.Add("Replay-Nonce", $"n{_nonces++}");
            response.Headers.Location = new Uri($"https://ca.test{path}/1");
            if (RetryAfter is not null)
            {
                response.Headers.Add("Retry-After", RetryAfter);
            }

            return Task.FromResult(response);
        }
    }
}
