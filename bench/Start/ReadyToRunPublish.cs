using System.Runtime.InteropServices;

namespace MeshGrains.Bench;

/// <summary>Publishes the silo compiled ahead of time.</summary>
internal static class ReadyToRunPublish
{
    /// <summary>The published executable; null where the package feed lacks the compiler (microsoft.netcore.app.crossgen2).</summary>
    public static async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        var output = Path.Combine(MeshTree.Artifacts, MeshTree.Host, "publish", "silo-r2r");
        try
        {
            await ChildProcess.ReadAsync(
                "dotnet",
                [
                    "publish", Path.Combine(MeshTree.Root, "src", "Silo"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--no-self-contained", "-v", "q", "-nologo",
                    "-p:PublishReadyToRun=true", $"-p:GrainHost={MeshTree.Host}", "-o", output,
                ],
                cancellationToken, MeshTree.Root);
            return Path.Combine(output, "meshgrains");
        }
        catch (InvalidOperationException failure) when (failure.Message.Contains("NU110", StringComparison.Ordinal) || failure.Message.Contains("NETSDK1094", StringComparison.Ordinal))
        {
            Progress.Say("The package feed has no ahead-of-time compiler; the plain release build is measured.");
            return null;
        }
    }
}
