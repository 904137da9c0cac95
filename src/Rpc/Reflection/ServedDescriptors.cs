using Google.Protobuf;
using Google.Protobuf.Reflection;
using MeshGrains.Rpc.Server;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Rpc.Reflection;

/// <summary>The services that a host has mapped, and the descriptors of everything they speak of.</summary>
internal sealed class ServedDescriptors
{
    private readonly SortedSet<string> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);

    public ServedDescriptors(EndpointDataSource endpoints)
    {
        foreach (Endpoint endpoint in endpoints.Endpoints)
        {
            if (endpoint.Metadata.GetMetadata<RpcEndpointMetadata>() is { } method)
            {
                _services.Add(RpcPath.Service(method.Path).ToString());
                foreach (FileDescriptor file in method.Files)
                {
                    Add(file);
                }
            }
        }
    }

    /// <summary>Full names, sorted.</summary>
    public IEnumerable<string> Services => _services;

    /// <summary>The file and everything it imports, each once, the file itself first; null for an unknown name.</summary>
    public IReadOnlyList<ByteString>? FileByName(string name) => _files.TryGetValue(name, out FileDescriptor? file) ? WithImports(file) : null;

    /// <summary>As <see cref="FileByName"/>, for the file that declares a service, method, message, field or enum by its full name.</summary>
    public IReadOnlyList<ByteString>? FileBySymbol(string symbol) => _symbols.TryGetValue(symbol, out FileDescriptor? file) ? WithImports(file) : null;

    public bool KnowsMessage(string fullName) =>
        _symbols.TryGetValue(fullName, out FileDescriptor? file) && AllMessages(file).Any(message => message.FullName == fullName);

    private static List<ByteString> WithImports(FileDescriptor file)
    {
        var found = new List<ByteString>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<FileDescriptor>([file]);
        while (open.TryDequeue(out FileDescriptor? next))
        {
            if (seen.Add(next.Name))
            {
                found.Add(next.SerializedData);
                foreach (FileDescriptor import in next.Dependencies)
                {
                    open.Enqueue(import);
                }
            }
        }

        return found;
    }

    private static IEnumerable<MessageDescriptor> AllMessages(FileDescriptor file)
    {
        var open = new Stack<MessageDescriptor>(file.MessageTypes);
        while (open.TryPop(out MessageDescriptor? message))
        {
            yield return message;
            foreach (MessageDescriptor nested in message.NestedTypes)
            {
                open.Push(nested);
            }
        }
    }

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (ServiceDescriptor service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (MethodDescriptor method in service.Methods)
            {
                _symbols[method.FullName] = file;
            }
        }

        foreach (MessageDescriptor message in AllMessages(file))
        {
            _symbols[message.FullName] = file;
            foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            {
                _symbols[field.FullName] = file;
            }

            foreach (EnumDescriptor nested in message.EnumTypes)
            {
                _symbols[nested.FullName] = file;
            }
        }

        foreach (EnumDescriptor type in file.EnumTypes)
        {
            _symbols[type.FullName] = file;
        }

        foreach (FileDescriptor import in file.Dependencies)
        {
            Add(import);
        }
    }
}
