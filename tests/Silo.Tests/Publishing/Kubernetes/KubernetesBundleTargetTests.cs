using System.Text.Json.Nodes;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Silo.Tests;

public sealed class KubernetesBundleTargetTests : IAsyncLifetime, IDisposable
{
    private const string Map = "/api/v1/namespaces/shop/configmaps/mesh-trust";
    private const string Bundle = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles/mesh.example.org:workloads:mesh";

    private readonly TempDirectory _folder = new();
    private readonly FakeTimeProvider _time = new();
    private FakeKubernetes _cluster = null!;
    private KubernetesApi _api = null!;

    public async Task InitializeAsync()
    {
        _cluster = await FakeKubernetes.StartAsync();
        _folder.Write("token", "token-1\n");
        _api = new KubernetesApi(new KubernetesApiOptions { ApiServer = _cluster.Address, CaFile = "", TokenFile = _folder.File("token") }, _time);
    }

    public async Task DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_ConfigMap_is_made_with_its_number_and_whose_it_is()
    {
        Assert.Equal(3, await ConfigMap().PublishAsync(Bundles.Published(3), default));

        var made = _cluster.Objects[Map];
        Assert.Equal(Bundles.Numbered(3).ToPem(), made["data"]!["ca.crt"]!.GetValue<string>());
        Assert.Equal("mesh.test", made["metadata"]!["annotations"]!["meshgrains.io/trust-domain"]!.GetValue<string>());
        Assert.Equal("3", made["metadata"]!["annotations"]!["meshgrains.io/bundle-number"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_newer_bundle_replaces_an_older_one_and_nothing_else_of_the_object()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        _cluster.Objects[Map]["data"]!["other"] = "kept";
        _cluster.Objects[Map]["metadata"]!["annotations"]!["argocd"] = "kept too";

        Assert.Equal(4, await ConfigMap().PublishAsync(Bundles.Published(4), default));
        Assert.Equal(Bundles.Numbered(4).ToPem(), _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
        Assert.Equal("kept", _cluster.Objects[Map]["data"]!["other"]!.GetValue<string>());
        Assert.Equal("kept too", _cluster.Objects[Map]["metadata"]!["annotations"]!["argocd"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_lies_there_already_is_read_and_not_written()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        _cluster.Calls.Clear();
        Assert.Equal(3, await ConfigMap().PublishAsync(Bundles.Published(3), default));
        Assert.Equal([$"GET {Map}"], _cluster.Calls);
    }

    [Fact]
    public async Task What_others_changed_comes_back()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        _cluster.Objects[Map]["data"]!["ca.crt"] = "gone";
        Assert.Equal(3, await ConfigMap().PublishAsync(Bundles.Published(3), default));
        Assert.Equal(Bundles.Numbered(3).ToPem(), _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_older_bundle_does_not_replace_a_newer_one()
    {
        await ConfigMap().PublishAsync(Bundles.Published(8), default);
        Assert.Equal(8, await ConfigMap().PublishAsync(Bundles.Published(7), default));
        Assert.Equal(Bundles.Numbered(8).ToPem(), _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_silo_that_another_overtook_between_reading_and_writing_leaves_the_newer_bundle()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        var overtaken = 0;
        _cluster.Before = async http =>
        {
            if (http.Request.Method == "PATCH" && Interlocked.Exchange(ref overtaken, 1) == 0)
            {
                using var other = new KubernetesApi(new KubernetesApiOptions { ApiServer = _cluster.Address, CaFile = "", TokenFile = _folder.File("token") }, _time);
                await ConfigMap(other).PublishAsync(Bundles.Published(5), default);
            }

            return false;
        };

        Assert.Equal(5, await ConfigMap().PublishAsync(Bundles.Published(4), default));
        Assert.Equal(Bundles.Numbered(5).ToPem(), _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_silo_that_lost_the_race_to_make_the_object_reads_it()
    {
        var first = true;
        _cluster.Before = http =>
        {
            if (http.Request.Method == "POST" && first)
            {
                first = false;
                _cluster.Put(Map, Ours(9));
            }

            return Task.FromResult(false);
        };
        Assert.Equal(9, await ConfigMap().PublishAsync(Bundles.Published(4), default));
    }

    [Fact]
    public async Task Many_silos_at_once_converge_on_the_newest()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(async number =>
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    await ConfigMap().PublishAsync(Bundles.Published(number), default);
                    return;
                }
                catch (PublishingException) when (tries < 50)
                {
                    // Conflicts without end are told; the publisher comes back.
                }
            }
        }));
        Assert.Equal(Bundles.Numbered(8).ToPem(), _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
        Assert.Equal("8", _cluster.Objects[Map]["metadata"]!["annotations"]![KubernetesBundleTarget.NumberAnnotation]!.GetValue<string>());
    }

    [Fact]
    public async Task An_object_that_always_changes_is_given_up_for_now()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        _cluster.Before = async http =>
        {
            if (http.Request.Method == "PATCH")
            {
                await FakeKubernetes.StatusAsync(http, 409, "modified");
                return true;
            }

            return false;
        };
        Assert.Contains("changed by others 5 times", await RefusedAsync(), StringComparison.Ordinal);
        Assert.Equal(5, _cluster.Calls.Count(call => call.StartsWith("PATCH", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null, "not made by MeshGrains")]
    [InlineData("other.test", "the trust domain other.test")]
    [InlineData("<script>", "of another")]
    public async Task An_object_of_somebody_else_is_not_touched(string? owner, string told)
    {
        var foreign = new JsonObject { ["data"] = new JsonObject { ["ca.crt"] = "theirs" } };
        if (owner is not null)
        {
            foreign["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [KubernetesBundleTarget.OwnerAnnotation] = owner } };
        }

        _cluster.Put(Map, foreign);
        Assert.Contains(told, await RefusedAsync(), StringComparison.Ordinal);
        Assert.Equal("theirs", _cluster.Objects[Map]["data"]!["ca.crt"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(401, "tokenFile")]
    [InlineData(403, "infra/kubernetes/publishing")]
    [InlineData(422, "invalid")]
    [InlineData(429, "busy or failing")]
    [InlineData(500, "busy or failing")]
    [InlineData(302, "redirects")]
    [InlineData(418, "answered 418")]
    public async Task A_refusal_says_what_to_do(int status, string told)
    {
        _cluster.Before = async http =>
        {
            http.Response.Headers.Location = "http://127.0.0.1:1/";
            await FakeKubernetes.StatusAsync(http, status, "because\n" + new string('x', 10_000));
            return true;
        };
        var message = await RefusedAsync();
        Assert.Contains(told, message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 20, 700);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("token-1", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("""{"metadata":{"annotations":{"meshgrains.io/trust-domain":"mesh.test"}}}""")]
    [InlineData("""{"metadata":[],"metadata":{}}""")]
    [InlineData("""{"metadata":7}""")]
    public async Task An_answer_that_is_no_object_changes_nothing(string answer)
    {
        _cluster.Before = async http =>
        {
            await http.Response.WriteAsync(answer);
            return true;
        };
        await RefusedAsync();
        Assert.DoesNotContain(_cluster.Calls, call => !call.StartsWith("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_its_end()
    {
        _cluster.Before = async http =>
        {
            http.Response.ContentLength = 5L << 30;
            await http.Response.Body.WriteAsync(new byte[64 * 1024]);
            return true;
        };
        Assert.Contains("at most", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_server_that_does_not_answer_is_waited_for_so_long_and_no_longer()
    {
        var asked = new TaskCompletionSource();
        _cluster.Before = async http =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        var publishing = RefusedAsync();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Contains("did not answer within", await publishing.WaitAsync(TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_was_replaced_is_read_again()
    {
        await ConfigMap().PublishAsync(Bundles.Published(3), default);
        _cluster.Token = "token-2";
        Assert.Contains("(401)", await RefusedAsync(), StringComparison.Ordinal);

        _folder.Write("token", "token-2");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, await ConfigMap().PublishAsync(Bundles.Published(4), default));
    }

    [Fact]
    public async Task A_ClusterTrustBundle_is_written_in_the_newest_version_that_has_it()
    {
        Assert.Equal(3, await ClusterTrustBundle().PublishAsync(Bundles.Published(3), default));
        var made = _cluster.Objects[Bundle];
        Assert.Equal("mesh.example.org/workloads", made["spec"]!["signerName"]!.GetValue<string>());
        Assert.Equal(Bundles.Numbered(3).ToPem(), made["spec"]!["trustBundle"]!.GetValue<string>());

        Assert.Equal(4, await ClusterTrustBundle().PublishAsync(Bundles.Published(4), default));
        Assert.Equal(Bundles.Numbered(4).ToPem(), _cluster.Objects[Bundle]["spec"]!["trustBundle"]!.GetValue<string>());
        Assert.Equal("mesh.example.org/workloads", _cluster.Objects[Bundle]["spec"]!["signerName"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_cluster_without_ClusterTrustBundles_is_told_what_they_need()
    {
        _cluster.Certificates["v1beta1"] = false;
        _cluster.Certificates.Remove("v1alpha1");
        var refused = await Assert.ThrowsAsync<PublishingException>(() => ClusterTrustBundle().PublishAsync(Bundles.Published(3), default));
        Assert.Contains("feature gate ClusterTrustBundle", refused.Message, StringComparison.Ordinal);
    }

    private static JsonObject Ours(long number) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["annotations"] = new JsonObject
            {
                [KubernetesBundleTarget.OwnerAnnotation] = "mesh.test",
                [KubernetesBundleTarget.NumberAnnotation] = $"{number}",
            },
        },
    };

    private async Task<string> RefusedAsync() =>
        (await Assert.ThrowsAsync<PublishingException>(() => ConfigMap().PublishAsync(Bundles.Published(4), default))).Message;

    private KubernetesBundleTarget ConfigMap(KubernetesApi? api = null) =>
        new("legacy/shop", new ConfigMapKind("shop", "mesh-trust", "ca.crt", BundleFormat.Pem), api ?? _api, TimeSpan.FromMinutes(10));

    private KubernetesBundleTarget ClusterTrustBundle() => new(
        "everyone", new ClusterTrustBundleKind("mesh.example.org:workloads:mesh", "mesh.example.org/workloads"), _api, TimeSpan.FromMinutes(10));
}
