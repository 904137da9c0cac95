using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests.Outputs;

public sealed class OutputPlanTests
{
    [Fact]
    public void A_whole_output_is_good() => Assert.Equal([], Problems(_ => { }));

    [Theory]
    [InlineData("name", "", "outputs[0].name is ''")]
    [InlineData("name", "../up", "outputs[0].name is '../up'")]
    [InlineData("spiffeId", "spiffe://other.mesh/web", "a workload's ID of test.mesh")]
    [InlineData("spiffeId", "spiffe://test.mesh", "a workload's ID of test.mesh")]
    [InlineData("certificate", "tls/svid.pem", "'tls/svid.pem' is no absolute path")]
    [InlineData("certificate", "/etc/../svid.pem", "is no absolute path of a file")]
    [InlineData("certificate", "/etc/tls/", "is no absolute path of a file")]
    [InlineData("certificate", "", "certificate and key go together")]
    [InlineData("keyMode", "0644", "a private key is never for everybody")]
    [InlineData("mode", "rw", "octal modes")]
    [InlineData("owner", "nobody-knows-me", ".owner is 'nobody-knows-me'")]
    [InlineData("signal", "KILL", ".signal is 'KILL'")]
    [InlineData("bundleTrustDomain", "NOT/ONE", ".bundleTrustDomain")]
    [InlineData("crl", "partner.example", "no revocation lists of partner.example")]
    [InlineData("command", "nginx", "'nginx' is no absolute path; no shell")]
    [InlineData("commandTimeout", "0", ".commandTimeout")]
    public void What_is_wrong_is_told(string key, string value, string expected)
    {
        var problems = Problems(output =>
        {
            switch (key)
            {
                case "name": output.Name = value; break;
                case "spiffeId": output.SpiffeId = value; break;
                case "certificate": output.Certificate = value; break;
                case "keyMode": output.KeyMode = value; break;
                case "mode": output.Mode = value; break;
                case "owner": output.Owner = value; break;
                case "signal": output.Signal = value; break;
                case "bundleTrustDomain": output.BundleTrustDomain = value; break;
                case "crl": (output.Crl, output.BundleTrustDomain) = ("/etc/tls/crl.pem", value); break;
                case "command": output.Command = [value]; break;
                default: output.CommandTimeout = TimeSpan.Zero; break;
            }
        });

        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_needs_a_pid_file_and_no_command_beside_it()
    {
        Assert.Contains(".pidFile with it", Assert.Single(Problems(output => output.Signal = "HUP")), StringComparison.Ordinal);
        Assert.Contains("not both", Assert.Single(Problems(output => (output.Signal, output.PidFile, output.Command) = ("HUP", "/run/nginx.pid", ["/bin/true"]))), StringComparison.Ordinal);
    }

    [Fact]
    public void No_file_is_written_by_two_outputs_and_no_name_given_twice()
    {
        var errors = new List<string>();
        OutputPlan.Check([Good(), Good()], [TrustDomain.Parse(OutputMaterial.Domain)], errors);

        Assert.Contains("outputs: /tls/svid.pem is written by more than one.", errors);
        Assert.Contains("outputs: the name 'web' is there more than once.", errors);
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("root", 0u, null)]
    [InlineData("root:root", 0u, 0u)]
    [InlineData(":0", null, 0u)]
    [InlineData("12:34", 12u, 34u)]
    public void Owners_are_names_or_numbers(string text, uint? user, uint? group)
    {
        Assert.True(OutputPlan.TryOwner(text, new Accounts(), out var owner));
        Assert.Equal((user, group), owner);
    }

    [Theory]
    [InlineData("1:2:3")]
    [InlineData("nobody-knows-me")]
    [InlineData("root:nobody-knows-us")]
    public void Unknown_owners_are_refused(string text) => Assert.False(OutputPlan.TryOwner(text, new Accounts(), out _));

    private static OutputOptions Good() => new()
    {
        Name = "web", SpiffeId = OutputMaterial.SpiffeId, Certificate = "/tls/svid.pem", Key = "/tls/svid.key", Bundle = "/tls/bundle.pem",
    };

    private static List<string> Problems(Action<OutputOptions> change)
    {
        var output = Good();
        change(output);
        var errors = new List<string>();
        OutputPlan.Check([output], [TrustDomain.Parse(OutputMaterial.Domain)], errors);
        return errors;
    }
}
