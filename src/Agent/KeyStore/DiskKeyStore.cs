using System.Security.Cryptography;
using Google.Protobuf;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.KeyStore;

/// <summary>
/// Keeps the agent's identity and its state in two sealed files. The identity is written before it is used, so that the one on the disk is the one that the control plane
/// knows. What cannot be read is told and passed over; the agent then begins as if there were none.
/// </summary>
internal sealed class DiskKeyStore : IAgentKeyStore, IDisposable
{
    public const string DefaultSealKey = "seal.key";
    public const string IdentityFile = "identity.sealed";
    public const string StateFile = "workloads.sealed";

    private const UnixFileMode Others = (UnixFileMode)0x3f;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Lock _gate = new();
    private readonly SealKey _key;
    private readonly SealedFile _identity;
    private readonly SealedFile _state;
    private readonly TimeProvider _time;
    private readonly ILogger<DiskKeyStore> _logger;

    /// <exception cref="ConfigurationException">The directory or the seal key cannot be used.</exception>
    public DiskKeyStore(KeyStoreOptions options, TrustDomain trustDomain, TimeProvider time, ILogger<DiskKeyStore> logger)
    {
        OpenDirectory(options.Directory);
        _key = SealKey.OpenOrCreate(options.SealKeyFile.Length > 0 ? options.SealKeyFile : Path.Combine(options.Directory, DefaultSealKey));
        _identity = new SealedFile(_key, Path.Combine(options.Directory, IdentityFile), "identity", trustDomain.Name);
        _state = new SealedFile(_key, Path.Combine(options.Directory, StateFile), "workloads", trustDomain.Name);
        (_time, _logger) = (time, logger);
    }

    public string TokenHint =>
        $"The identity that was kept in {Path.GetDirectoryName(_identity.Path)} could not be used any more, so this start needs a fresh token";

    public (Svid Svid, SvidKey Key)? LoadIdentity()
    {
        if (Read(_identity) is not { } content)
        {
            return null;
        }

        try
        {
            var parts = new CodedInputStream(content);
            var svid = Svid.Parser.ParseFrom(parts.ReadBytes());
            var pkcs8 = parts.ReadBytes();
            return (svid, new SvidKey(pkcs8.Span));
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or CryptographicException)
        {
            AgentLog.KeyStoreUnusable(_logger, _identity.Path, "it holds no identity that this agent can read");
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void SaveIdentity(Svid svid, SvidKey key)
    {
        var pkcs8 = key.ExportPkcs8();
        var buffer = new byte[svid.CalculateSize() + pkcs8.Length + 16];
        try
        {
            var writer = new CodedOutputStream(buffer);
            writer.WriteBytes(svid.ToByteString());
            writer.WriteBytes(UnsafeByteOperations.UnsafeWrap(pkcs8));
            writer.Flush();
            lock (_gate)
            {
                _identity.Write(buffer.AsSpan(0, (int)writer.Position));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            AgentLog.KeyStoreNotWritten(_logger, _identity.Path, failure.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    public void ForgetIdentity()
    {
        try
        {
            lock (_gate)
            {
                _identity.Delete();
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            AgentLog.KeyStoreNotWritten(_logger, _identity.Path, failure.Message);
        }
    }

    public SavedState? LoadState()
    {
        if (Read(_state) is not { } content)
        {
            return null;
        }

        try
        {
            return StateCodec.Read(content);
        }
        catch (FormatException malformed)
        {
            AgentLog.KeyStoreUnusable(_logger, _state.Path, malformed.Message);
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void SaveState(AgentSnapshot snapshot)
    {
        var content = StateCodec.Write(snapshot, _time.GetUtcNow());
        try
        {
            lock (_gate)
            {
                _state.Write(content);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void Dispose() => _key.Dispose();

    private static void OpenDirectory(string directory)
    {
        try
        {
            if (!Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory, Private);
            }

            if ((File.GetUnixFileMode(directory) & Others) != 0)
            {
                throw new ConfigurationException([$"keyStore.directory: others may look into '{directory}'; chmod 0700 it."]);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"keyStore.directory: {failure.Message}"]);
        }
    }

    private byte[]? Read(SealedFile file)
    {
        var content = file.Read(out var problem);
        if (problem is not null)
        {
            AgentLog.KeyStoreUnusable(_logger, file.Path, problem);
        }

        return content;
    }
}
