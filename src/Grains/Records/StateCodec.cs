using System.Buffers;
using System.Text.Json;

namespace MeshGrains.Grains;

/// <summary>The envelope is <c>{"state":name,"format":n,"body":{…}}</c>; members are written in a fixed order.</summary>
public sealed class StateCodec : IStateCodec
{
    private readonly Dictionary<Type, object> _descriptors;

    public StateCodec()
        : this(
            new StateDescriptor<TrustDomainState>("trust-domain", 1, GrainStateJson.Default.TrustDomainState, static () => new TrustDomainState(), TrustBearing: true),
            new StateDescriptor<ClusterCaState>("cluster-ca", 1, GrainStateJson.Default.ClusterCaState, static () => new ClusterCaState(), TrustBearing: true),
            new StateDescriptor<JwtAuthorityState>("jwt-authority", 1, GrainStateJson.Default.JwtAuthorityState, static () => new JwtAuthorityState(), TrustBearing: true),
            new StateDescriptor<MaintenanceState>("maintenance", 1, GrainStateJson.Default.MaintenanceState, static () => new MaintenanceState(), TrustBearing: false),
            new StateDescriptor<AgentRosterState>("agent-roster", 1, GrainStateJson.Default.AgentRosterState, static () => new AgentRosterState(), TrustBearing: true),
            new StateDescriptor<FederationState>("federation", 1, GrainStateJson.Default.FederationState, static () => new FederationState(), TrustBearing: true),
            new StateDescriptor<FederationSetState>("federation-set", 1, GrainStateJson.Default.FederationSetState, static () => new FederationSetState(), TrustBearing: true),
            new StateDescriptor<RevocationState>("revocation", 1, GrainStateJson.Default.RevocationState, static () => new RevocationState(), TrustBearing: true),
            new StateDescriptor<MemberClusterState>("member-cluster", 1, GrainStateJson.Default.MemberClusterState, static () => new MemberClusterState(), TrustBearing: true),
            new StateDescriptor<AcmeState>("acme", 1, GrainStateJson.Default.AcmeState, static () => new AcmeState(), TrustBearing: true))
    {
    }

    internal StateCodec(params object[] descriptors) =>
        _descriptors = descriptors.ToDictionary(descriptor => descriptor.GetType().GetGenericArguments()[0]);

    public byte[] Encode<T>(T state)
    {
        var descriptor = Descriptor<T>();
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("state", descriptor.Name);
            writer.WriteNumber("format", descriptor.Format);
            writer.WritePropertyName("body");
            JsonSerializer.Serialize(writer, state, descriptor.Json);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public T Decode<T>(ReadOnlyMemory<byte> bytes)
    {
        var descriptor = Descriptor<T>();
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var name = root.GetProperty("state").GetString();
            var format = root.GetProperty("format").GetInt32();
            if (format < 1)
            {
                throw new StateFormatException($"The state '{name}' says format {format}; formats begin with 1.");
            }

            if (name != descriptor.Name)
            {
                throw new StateFormatException($"Expected the state '{descriptor.Name}' and found '{name}'.");
            }

            if (format > descriptor.Format)
            {
                throw new StateFormatException(
                    $"The state '{name}' was written in format {format} by a newer MeshGrains; this one reads up to {descriptor.Format}. Start the newer version.");
            }

            return root.GetProperty("body").Deserialize(descriptor.Json)
                ?? throw new StateFormatException($"The state '{name}' has no body.");
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StateFormatException($"The stored state '{descriptor.Name}' cannot be read: {failure.Message}", failure);
        }
    }

    public T Empty<T>() => Descriptor<T>().Empty();

    public bool IsTrustBearing<T>() => Descriptor<T>().TrustBearing;

    private StateDescriptor<T> Descriptor<T>() => _descriptors.TryGetValue(typeof(T), out var found)
        ? (StateDescriptor<T>)found
        : throw new StateFormatException($"No stored form is registered for {typeof(T)}.");
}
