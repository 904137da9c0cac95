using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>
/// A reference to a grain or an observer: a proxy of one of its interfaces. Not sealed, because the proxies derive from it.
/// </summary>
internal class GrainReference : DispatchProxy, IAddressable
{
    private SoloHost _host = null!;

    public GrainId GrainId { get; private set; }

    public static object Create(SoloHost host, Type interfaceType, GrainId grainId)
    {
        var reference = (GrainReference)Create(interfaceType, typeof(GrainReference));
        reference._host = host;
        reference.GrainId = grainId;
        return reference;
    }

    public object As(Type interfaceType) => interfaceType.IsInstanceOfType(this) ? this : Create(_host, interfaceType, GrainId);

    public override bool Equals(object? obj) => obj is GrainReference other && other.GrainId == GrainId;

    public override int GetHashCode() => GrainId.GetHashCode();

    public override string ToString() => GrainId.ToString();

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = GrainMethod.Of(targetMethod!);
        if (method.TokenIndex >= 0)
        {
            ((CancellationToken)args![method.TokenIndex]!).ThrowIfCancellationRequested();
        }

        var request = method.NewRequest(args ?? []);
        _host.Send(GrainId, request);
        return request.Answer;
    }
}
