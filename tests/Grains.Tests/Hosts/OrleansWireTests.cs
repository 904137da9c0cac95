using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Serialization;

namespace MeshGrains.Grains.Tests;

/// <summary>
/// What crosses silo links while two versions run side by side. wire-bytes.txt holds the bytes of every message and the shape of every call; what
/// stands there may be added to, but not changed.
/// </summary>
public sealed class OrleansWireTests : IDisposable
{
    private static readonly DateTimeOffset Moment = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Assembly Grains = typeof(IDenialGrain).Assembly;

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer(options => options.AddAssembly(Grains)).BuildServiceProvider();

    private Serializer Serializer => _services.GetRequiredService<Serializer>();

    public void Dispose() => _services.Dispose();

    public static TheoryData<string> Messages => [.. MessageTypes.Select(type => type.Name)];

    private static IEnumerable<Type> MessageTypes =>
        Grains.GetTypes().Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>() is not null).OrderBy(type => type.Name, StringComparer.Ordinal);

    [Fact]
    public void Every_messages_bytes_and_every_calls_shape_are_those_in_the_table()
    {
        var now = MessageTypes.Select(type => $"{AliasOf(type)} {Convert.ToHexStringLower(Serializer.SerializeToArray(Sample(type)))}").Concat(Calls()).ToList();
        var table = Table();

        Assert.True(
            table.Order(StringComparer.Ordinal).SequenceEqual(now.Order(StringComparer.Ordinal)),
            "The wire changed. A new message or call is entered in wire-bytes.txt; a changed one breaks silos of another version: give it a new alias instead.\n"
            + $"Not in the table:\n{string.Join('\n', now.Except(table))}\nOnly in the table:\n{string.Join('\n', table.Except(now))}");
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void The_bytes_in_the_table_are_read_to_the_value_that_was_written(string name)
    {
        var type = MessageTypes.Single(known => known.Name == name);
        var bytes = Convert.FromHexString(Table().Single(line => line.StartsWith(AliasOf(type) + " ", StringComparison.Ordinal)).Split(' ')[1]);

        var read = Serializer.Deserialize<object>(bytes);

        Assert.IsType(type, read);
        Assert.Equal(bytes, Serializer.SerializeToArray(read));
        Assert.Equal(Told(Sample(type)), Told(read));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_member_that_a_newer_version_added_is_passed_over(string name)
    {
        var type = MessageTypes.Single(known => known.Name == name);
        var bytes = Serializer.SerializeToArray(Sample(type));
        Assert.Equal(EndOfObject, bytes[^1]);

        // Member 100 beyond the last one: a number, and a text that happens to look like an end.
        byte[][] additions = [[0x07, 0xC9, 0x03], [0x47, 0xC9, 0x05, EndOfObject, EndOfObject]];
        foreach (var addition in additions)
        {
            var read = Serializer.Deserialize<object>([.. bytes[..^1], .. addition, EndOfObject]);

            Assert.IsType(type, read);
            Assert.Equal(bytes, Serializer.SerializeToArray(read));
        }
    }

    [Fact]
    public void The_next_versions_message_reads_this_ones_and_the_other_way_round()
    {
        var next = new NextReceipt(7, Moment, "added");
        var bytes = Serializer.SerializeToArray(next);
        var now = Serializer.Deserialize<DenialReceipt>(bytes);
        Assert.Equal(new DenialReceipt(7, Moment), now);

        Assert.Equal(new NextReceipt(7, Moment, null), Serializer.Deserialize<NextReceipt>(Serializer.SerializeToArray(now)));
    }

    [Fact]
    public void A_request_of_the_version_before_incarnations_is_read_and_tells_of_none()
    {
        var older = new OlderCaRequest("op-1", "silo-1", [1, 2], Moment, [[3], [4]], [5]);
        var read = Serializer.Deserialize<IssuingCaRequest>(Serializer.SerializeToArray(older))!;

        Assert.Equal(("op-1", "silo-1", Moment, null, null), (read.OperationId, read.Silo, read.RequestedAt, read.Incarnation, read.RelayEndpoint));
        Assert.Equal([1, 2], read.SubjectPublicKeyInfo);
        Assert.Equal(2, read.BootstrapChain.Length);
        Assert.Equal(older.Signature, Serializer.Deserialize<OlderCaRequest>(Serializer.SerializeToArray(read with { Incarnation = "run-1" }))!.Signature);
    }

    [Fact]
    public void A_trust_domain_of_the_version_before_JWT_authorities_is_read_and_tells_of_none()
    {
        const string older =
            "3001a7434184256d672e5472757374446f6d61696e56696577e840094e616d65017424f4011417112120000321e84017417574686f726974794964090315410701020321808000b7"
            + "96ab49de08810000000000000000e021808000b796ab49de08810000000000000000e041194b65795265666572656e6365e0e0e021808000b796ab49de08810000000000000000e0e0";
        var read = Serializer.Deserialize<TrustDomainView>(Convert.FromHexString(older))!;

        Assert.Equal(("Name", 1_000_007L, Moment), (read.Name, read.BundleNumber, read.RetireGatesShutUntil));
        Assert.Null(read.JwtAuthorities);
    }

    [Fact]
    public void A_denial_of_the_version_before_slopes_is_read_and_holds_at_once()
    {
        const string older =
            "30014b4c27f0136d672e44656e69616ce8080311410f5375626a656374017424f4410d526561736f6e410b4163746f7221808000b796ab"
            + "49de08810000000000000000e041174f7065726174696f6e496421808000b796ab49de08810000000000000000e0e0";
        var read = Serializer.Deserialize<Denial>(Convert.FromHexString(older))!;

        Assert.Equal(("Subject", 1_000_007L, (DateTimeOffset?)Moment, (int?)null), (read.Subject, read.Number, read.Until, read.ReissueOverSeconds));
    }

    [Fact]
    public void A_denial_and_a_members_report_of_the_version_before_denials_crossed_clusters_are_read_and_tell_of_none()
    {
        const string denial =
            "30014b4c27f0136d672e44656e69616ce8080311410f5375626a656374017424f4410d526561736f6e410b4163746f7221808000b796ab49de08810000000000000000e041174f70657261"
            + "74696f6e496421808000b796ab49de08810000000000000000e001141711e0";
        const string report =
            "3001f4119ea7216d672e436c75737465725265706f7274e8007424f4212000034119416c6c6f7765645061746873e0e04115526f746174696f6e4964090319017424f421e8400f436c7573"
            + "74657221808000b796ab49de08810000000000000000e021e8007424f421200003410b4e616d6573e0e0e021e8007424f421200003c129e0e0e021e8007424f421200003c129e0e0e021e8"
            + "007424f421200003c129e0e0e0017424f421808000b796ab49de08810000000000000000e0410f4661696c757265e0e0";

        Assert.Null(Serializer.Deserialize<Denial>(Convert.FromHexString(denial))!.Origin);
        Assert.Null(Serializer.Deserialize<ClusterReport>(Convert.FromHexString(report))!.DenialsNumber);
    }

    [Fact]
    public void Every_interface_and_call_has_an_alias_and_no_alias_serves_two()
    {
        var interfaces = Interfaces().ToList();
        Assert.True(interfaces.Count >= 6);
        Assert.All(interfaces, type => Assert.NotNull(type.GetCustomAttribute<AliasAttribute>()));
        Assert.All(interfaces.SelectMany(type => type.GetMethods()), method => Assert.NotNull(method.GetCustomAttribute<AliasAttribute>()));
        var aliases = interfaces.Concat(MessageTypes).Select(AliasOf).ToList();
        Assert.Equal(aliases.Count, aliases.Distinct().Count());
    }

    private const byte EndOfObject = 0xE0;

    private static string[] Table()
    {
        using var stream = typeof(OrleansWireTests).Assembly.GetManifestResourceStream("wire-bytes.txt")!;
        return new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>Every member in words, however deep, told without the serializer under test.</summary>
    private static string Told(object message) => message is GrainOperationException failure
        ? $"{failure.Code} {failure.Reason} {failure.Message}"
        : JsonSerializer.Serialize(message, message.GetType());

    private static IEnumerable<Type> Interfaces() =>
        Grains.GetTypes().Where(type => type.IsInterface && type.IsAssignableTo(typeof(IAddressable)));

    private static IEnumerable<string> Calls() =>
        from type in Interfaces()
        from method in type.GetMethods()
        let parameters = string.Join(", ", method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)))
        select $"{AliasOf(type)}.{method.GetCustomAttribute<AliasAttribute>()?.Alias}({parameters}) {NameOf(method.ReturnType)}";

    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;

    private static string AliasOf(Type type) =>
        type.GetCustomAttribute<AliasAttribute>()?.Alias ?? throw new InvalidOperationException($"{type} has no alias.");

    /// <summary>A value with every member set, the same in every run.</summary>
    private static object Sample(Type type)
    {
        if (type == typeof(GrainOperationException))
        {
            return new GrainOperationException(RefusalCode.Conflict, "reason", "message");
        }

        var constructor = type.GetConstructors().Where(known => known.GetParameters() is not [{ ParameterType: var only }] || only != type)
            .MaxBy(known => known.GetParameters().Length)!;
        var sample = constructor.Invoke([.. constructor.GetParameters().Select(parameter => Value(parameter.ParameterType, parameter.Name!))]);
        foreach (var property in type.GetProperties().Where(property =>
            property.CanWrite && property.GetCustomAttribute<IdAttribute>() is not null && constructor.GetParameters().All(parameter => parameter.Name != property.Name)))
        {
            property.SetValue(sample, Value(property.PropertyType, property.Name));
        }

        return sample;
    }

    private static object Value(Type type, string name)
    {
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        if (bare.IsGenericType && bare.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            var element = bare.GetGenericArguments()[0];
            var array = Array.CreateInstance(element, 1);
            array.SetValue(Value(element, name), 0);
            return typeof(ImmutableArray).GetMethods().Single(method => method.Name == nameof(ImmutableArray.Create)
                && method.GetParameters() is [{ ParameterType: { IsArray: true } }]).MakeGenericMethod(element).Invoke(null, [array])!;
        }

        return bare switch
        {
            _ when bare == typeof(string) => name,
            _ when bare == typeof(long) => 1_000_007L,
            _ when bare == typeof(ulong) => 1_000_007UL,
            _ when bare == typeof(int) => 70_001,
            _ when bare == typeof(bool) => true,
            _ when bare == typeof(byte[]) => new byte[] { 1, 2, 3 },
            _ when bare == typeof(byte[][]) => new byte[][] { [1, 2], [3] },
            _ when bare == typeof(DateTimeOffset) => Moment,
            _ when bare.IsEnum => Enum.GetValues(bare).Cast<object>().Last(),
            _ => Sample(bare),
        };
    }
}

/// <summary>What <see cref="IssuingCaRequest"/> was.</summary>
[GenerateSerializer]
public sealed record OlderCaRequest(
    [property: Id(0)] string OperationId, [property: Id(1)] string Silo, [property: Id(2)] byte[] SubjectPublicKeyInfo, [property: Id(3)] DateTimeOffset RequestedAt,
    [property: Id(4)] byte[][] BootstrapChain, [property: Id(5)] byte[] Signature);

/// <summary>What <see cref="DenialReceipt"/> may become.</summary>
[GenerateSerializer]
public sealed record NextReceipt([property: Id(0)] long Number, [property: Id(1)] DateTimeOffset? EffectiveAt, [property: Id(2)] string? Added);
