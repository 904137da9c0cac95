using System.Globalization;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Outputs;

/// <summary>Checks what <c>outputs</c> says.</summary>
internal static class OutputPlan
{
    private const int MaxOutputs = 256;
    private const int MaxName = 64;

    private static readonly Dictionary<string, int> Signals = new(StringComparer.OrdinalIgnoreCase)
    {
        ["HUP"] = 1, ["INT"] = 2, ["USR1"] = 10, ["USR2"] = 12, ["TERM"] = 15,
    };

    /// <summary>The number of a signal by its name; null for an unknown one.</summary>
    public static int? SignalOf(string name) => Signals.TryGetValue(name, out var number) ? number : null;

    public static void Check(IList<OutputOptions> outputs, IReadOnlyList<TrustDomain> trustDomains, List<string> errors)
    {
        if (outputs.Count > MaxOutputs)
        {
            errors.Add($"outputs has {outputs.Count} members; at most {MaxOutputs} are served.");
        }

        for (var i = 0; i < outputs.Count; i++)
        {
            var output = outputs[i];
            var where = $"outputs[{i.ToString(CultureInfo.InvariantCulture)}]";
            errors.AddRange(Problems(output, trustDomains).Select(problem => $"{where}{problem}"));
        }

        errors.AddRange(outputs.SelectMany(output => Files(output)).GroupBy(path => path, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => $"outputs: {group.Key} is written by more than one."));
        errors.AddRange(outputs.GroupBy(output => output.Name, StringComparer.Ordinal).Where(group => group.Count() > 1 && group.Key.Length > 0)
            .Select(group => $"outputs: the name '{group.Key}' is there more than once."));
    }

    /// <summary>Owner and group as numbers; null ones stay as they are. False when a name is unknown.</summary>
    public static bool TryOwner(string text, Accounts accounts, out (uint? User, uint? Group) owner)
    {
        owner = default;
        if (text.Length == 0)
        {
            return true;
        }

        var parts = text.Split(':');
        var user = parts[0].Length == 0 ? null : Number(parts[0]) ?? accounts.UserId(parts[0]);
        var group = parts.Length < 2 || parts[1].Length == 0 ? null : Number(parts[1]) ?? accounts.GroupId(parts[1]);
        owner = (user, group);
        return parts.Length <= 2 && (parts[0].Length == 0 || user is not null) && (parts.Length < 2 || parts[1].Length == 0 || group is not null);
    }

    public static IEnumerable<string> Files(OutputOptions output) =>
        new[] { output.Certificate, output.Key, output.Combined, output.Bundle, output.Crl }.Where(path => path.Length > 0);

    private static IEnumerable<string> Problems(OutputOptions output, IReadOnlyList<TrustDomain> trustDomains)
    {
        if (output.Name.Length is 0 or > MaxName || output.Name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_')))
        {
            yield return $".name is '{output.Name}'; give up to {MaxName} letters, digits, '-' or '_': it names the output in logs and its files on the disk.";
        }

        if (!SpiffeId.TryParse(output.SpiffeId, out var id, out var error))
        {
            yield return $".spiffeId: {error}";
        }
        else if (!trustDomains.Any(id.IsMemberOf) || id.Path.Length == 0)
        {
            yield return $".spiffeId is {output.SpiffeId}; give a workload's ID of {string.Join(" or ", trustDomains)}.";
        }

        if (!Files(output).Any())
        {
            yield return " writes nothing; give certificate and key, combined, bundle, or crl.";
        }

        foreach (var path in Files(output).Where(path => !Path.IsPathRooted(path) || Path.GetFullPath(path) != path || path.EndsWith('/')))
        {
            yield return $": '{path}' is no absolute path of a file, written without '..' and '//'.";
        }

        if (output.Certificate.Length > 0 != output.Key.Length > 0)
        {
            yield return ": certificate and key go together.";
        }

        if (output.BundleTrustDomain.Length > 0 && !TrustDomain.TryParse(output.BundleTrustDomain, out _, out error))
        {
            yield return $".bundleTrustDomain: {error}";
        }

        else if (output.Crl.Length > 0 && output.BundleTrustDomain.Length > 0 && trustDomains.All(own => own.Name != output.BundleTrustDomain))
        {
            yield return $".crl: this agent gets no revocation lists of {output.BundleTrustDomain}, which bundleTrustDomain names; lists are there of {string.Join(" and ", trustDomains)}.";
        }

        if (!FileModes.TryParse(output.KeyMode, out var keyMode) || !FileModes.TryParse(output.Mode, out _))
        {
            yield return ".keyMode and .mode are octal modes such as 0600.";
        }
        else if ((keyMode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
        {
            yield return $".keyMode is {output.KeyMode}: a private key is never for everybody.";
        }

        if (!TryOwner(output.Owner, new Accounts(), out _))
        {
            yield return $".owner is '{output.Owner}'; give a user, user:group or numbers that this machine knows.";
        }

        if (output.Signal.Length > 0 && (SignalOf(output.Signal) is null || output.PidFile.Length == 0))
        {
            yield return $".signal is '{output.Signal}'; give one of {string.Join(", ", Signals.Keys)}, and .pidFile with it.";
        }

        if (output.Signal.Length > 0 && output.Command.Count > 0)
        {
            yield return ": give a signal or a command, not both.";
        }

        if (output.Command.Count > 0 && !Path.IsPathRooted(output.Command[0]))
        {
            yield return $".command: '{output.Command[0]}' is no absolute path; no shell and no PATH stand between.";
        }

        if (output.WhenWithdrawn is not (OutputOptions.Delete or OutputOptions.Keep))
        {
            yield return $".whenWithdrawn is '{output.WhenWithdrawn}'; give {OutputOptions.Delete} or {OutputOptions.Keep}.";
        }

        if (output.CommandTimeout <= TimeSpan.Zero || output.CommandTimeout > TimeSpan.FromMinutes(10))
        {
            yield return ".commandTimeout is a time up to 10m.";
        }
    }

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
